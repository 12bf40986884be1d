-- Entities and outlets as the current articles describe them: those that the batch changes are written anew, with their counts.
DELETE FROM entities WHERE entity_id IN (SELECT id FROM changed_entities);
INSERT INTO entities (
    entity_id, name, type, country, geonames_id, latitude, longitude, occupation, article_count, first_seen_at,
    last_seen_at
)
SELECT
    entity_id, name, type, country, geonames_id, latitude, longitude, occupation, article_count, first_seen_at,
    last_seen_at
FROM new_entities;

DELETE FROM entity_forms WHERE entity_id IN (SELECT id FROM changed_entities);
INSERT INTO entity_forms (
    entity_id, name, type, country, geonames_id, latitude, longitude, occupation, article_count
)
SELECT entity_id, name, type, country, geonames_id, latitude, longitude, occupation, article_count FROM new_entity_forms;

DELETE FROM outlets WHERE domain IN (SELECT id FROM changed_outlets);
INSERT INTO outlets (domain, name, article_count, first_fetched_at, last_fetched_at)
SELECT domain, name, article_count, first_fetched_at, last_fetched_at FROM new_outlets;

DELETE FROM outlet_names WHERE domain IN (SELECT id FROM changed_outlets);
INSERT INTO outlet_names (domain, name, article_count) SELECT domain, name, article_count FROM new_outlet_names;

-- Of those that lost the article which they were first or last seen in, the articles that are left say when.
UPDATE entities SET first_seen_at = t.first_seen_at, last_seen_at = t.last_seen_at
FROM (
    SELECT e.entity_id, min(a.fetched_at) AS first_seen_at, max(a.last_fetched_at) AS last_seen_at
    FROM article_entities e JOIN articles a ON a.article_id = e.article_id
    WHERE e.entity_id IN (SELECT id FROM retimed_entities)
    GROUP BY e.entity_id
) t
WHERE t.entity_id = entities.entity_id;

UPDATE outlets SET first_fetched_at = t.first_fetched_at, last_fetched_at = t.last_fetched_at
FROM (
    SELECT outlet_domain, min(fetched_at) AS first_fetched_at, max(last_fetched_at) AS last_fetched_at
    FROM articles WHERE outlet_domain IN (SELECT id FROM retimed_outlets)
    GROUP BY outlet_domain
) t
WHERE t.outlet_domain = outlets.domain;
