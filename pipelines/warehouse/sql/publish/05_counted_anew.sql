-- Entities and outlets are what the current articles say they are: touched ones are counted anew.
DELETE FROM entities WHERE entity_id IN (SELECT entity_id FROM touched_entities);
INSERT INTO entities (
    entity_id, name, type, country, geonames_id, latitude, longitude, occupation, article_count, first_seen_at,
    last_seen_at
)
WITH uses AS (
    SELECT e.entity_id, e.name, e.type, e.country, e.geonames_id, e.latitude, e.longitude, e.occupation, a.fetched_at,
        a.last_fetched_at
    FROM article_entities e
    JOIN articles a ON a.article_id = e.article_id
    WHERE e.entity_id IN (SELECT entity_id FROM touched_entities)
),
names AS (
    SELECT entity_id, name,
        row_number() OVER (PARTITION BY entity_id ORDER BY count(*) DESC, length(name) DESC, name) AS rank
    FROM uses GROUP BY entity_id, name
),
kinds AS (
    SELECT entity_id, type, country, geonames_id, latitude, longitude,
        row_number() OVER (
            PARTITION BY entity_id
            ORDER BY count(*) DESC, type, country NULLS LAST, geonames_id NULLS LAST, latitude NULLS LAST, longitude NULLS LAST
        ) AS rank
    FROM uses GROUP BY entity_id, type, country, geonames_id, latitude, longitude
),
occupations AS (
    SELECT entity_id, occupation, row_number() OVER (PARTITION BY entity_id ORDER BY count(*) DESC, occupation) AS rank
    FROM uses WHERE occupation IS NOT NULL GROUP BY entity_id, occupation
),
spans AS (
    SELECT entity_id, count(*) AS article_count, min(fetched_at) AS first_seen_at, max(last_fetched_at) AS last_seen_at
    FROM uses GROUP BY entity_id
)
SELECT
    s.entity_id, n.name, k.type, k.country, k.geonames_id, k.latitude, k.longitude, o.occupation, s.article_count,
    s.first_seen_at, s.last_seen_at
FROM spans s
JOIN names n ON n.entity_id = s.entity_id AND n.rank = 1
JOIN kinds k ON k.entity_id = s.entity_id AND k.rank = 1
LEFT JOIN occupations o ON o.entity_id = s.entity_id AND o.rank = 1;

DELETE FROM outlets WHERE domain IN (SELECT domain FROM touched_outlets);
INSERT INTO outlets (domain, name, article_count, first_fetched_at, last_fetched_at)
WITH published AS (
    SELECT outlet_domain AS domain, outlet_name AS name, fetched_at, last_fetched_at
    FROM articles WHERE outlet_domain IN (SELECT domain FROM touched_outlets)
),
names AS (
    SELECT domain, name, row_number() OVER (PARTITION BY domain ORDER BY count(*) DESC, length(name) DESC, name) AS rank
    FROM published WHERE name IS NOT NULL GROUP BY domain, name
),
spans AS (
    SELECT domain, count(*) AS article_count, min(fetched_at) AS first_fetched_at, max(last_fetched_at) AS last_fetched_at
    FROM published GROUP BY domain
)
SELECT s.domain, n.name, s.article_count, s.first_fetched_at, s.last_fetched_at
FROM spans s LEFT JOIN names n ON n.domain = s.domain AND n.rank = 1;
