-- People of one name are told apart by their occupations and their company, anew for every name of the batch: what comes
-- of it depends on the current articles alone, not on the order in which they came.
-- One walk of life for office and business, which one person often has both of.
CREATE TEMP TABLE touched_namings AS
SELECT name_id, article_id, entity_id AS former_id,
    CASE occupation WHEN 'business' THEN 'public_office' ELSE occupation END AS walk
FROM article_entities
WHERE type = 'PER' AND name_id IN (SELECT name_id FROM touched_names);

CREATE TEMP TABLE namings AS
SELECT name_id, article_id, former_id, walk FROM touched_namings
WHERE name_id IN (
    SELECT name_id FROM touched_namings GROUP BY name_id HAVING count(DISTINCT walk) > 1 OR bool_or(former_id <> name_id)
);

CREATE TEMP TABLE companions AS
SELECT DISTINCT n.name_id, n.article_id, n.walk, e.name_id AS companion
FROM namings n
JOIN article_entities e ON e.article_id = n.article_id AND e.type IN ('PER', 'ORG') AND e.name_id <> n.name_id;

CREATE TEMP TABLE walks AS
SELECT n.name_id, n.walk, row_number() OVER (PARTITION BY n.name_id ORDER BY min(v.fetched_at), min(n.article_id)) AS rank
FROM namings n
JOIN article_versions v ON v.article_id = n.article_id
WHERE n.walk IS NOT NULL
GROUP BY n.name_id, n.walk;

-- two walks are of one person when a tenth of the company of the smaller one is the other's too
CREATE TEMP TABLE walks_met AS
WITH company AS (SELECT DISTINCT name_id, walk, companion FROM companions WHERE walk IS NOT NULL),
sizes AS (SELECT name_id, walk, count(*) AS size FROM company GROUP BY name_id, walk),
common AS (
    SELECT one.name_id, one.walk, other.walk AS other_walk, count(*) AS size
    FROM company one
    JOIN company other ON other.name_id = one.name_id AND other.companion = one.companion AND other.walk <> one.walk
    GROUP BY one.name_id, one.walk, other.walk
)
SELECT c.name_id, c.walk, c.other_walk
FROM common c
JOIN sizes s ON s.name_id = c.name_id AND s.walk = c.walk
JOIN sizes t ON t.name_id = c.name_id AND t.walk = c.other_walk
WHERE c.size * 10 >= least(s.size, t.size);

-- of whom no company is told, nothing can be told
CREATE TEMP TABLE first_met AS
SELECT w.name_id, w.walk, w.rank,
    CASE
        WHEN EXISTS (SELECT 1 FROM companions c WHERE c.name_id = w.name_id AND c.walk = w.walk)
            THEN least(w.rank, coalesce(min(o.rank), w.rank))
        ELSE 1
    END AS first_rank
FROM walks w
LEFT JOIN walks_met m ON m.name_id = w.name_id AND m.walk = w.walk
LEFT JOIN walks o ON o.name_id = w.name_id AND o.walk = m.other_walk
GROUP BY w.name_id, w.walk, w.rank;

-- whoever was in the news first keeps the id that the name alone gives
CREATE TEMP TABLE people AS
SELECT f.name_id, f.walk, g.first_rank AS person,
    CASE WHEN g.first_rank = 1 THEN f.name_id ELSE md5(f.name_id || ':' || w.walk) END AS entity_id
FROM first_met f
JOIN first_met g ON g.name_id = f.name_id AND g.rank = f.first_rank
JOIN walks w ON w.name_id = f.name_id AND w.rank = g.first_rank;

-- an article that tells no occupation goes to the person whose company it shares most, or else to the first
CREATE TEMP TABLE likeliest AS
WITH company AS (
    SELECT DISTINCT p.name_id, p.person, p.entity_id, c.companion
    FROM companions c
    JOIN people p ON p.name_id = c.name_id AND p.walk = c.walk
),
shared AS (
    SELECT c.name_id, c.article_id, o.person, o.entity_id, count(*) AS size
    FROM companions c
    JOIN company o ON o.name_id = c.name_id AND o.companion = c.companion
    WHERE c.walk IS NULL
    GROUP BY c.name_id, c.article_id, o.person, o.entity_id
)
SELECT name_id, article_id, entity_id,
    row_number() OVER (PARTITION BY name_id, article_id ORDER BY size DESC, person) AS rank
FROM shared;

CREATE TEMP TABLE told_apart AS
WITH told AS (
    SELECT n.article_id, n.former_id, coalesce(p.entity_id, l.entity_id, n.name_id) AS entity_id
    FROM namings n
    LEFT JOIN people p ON p.name_id = n.name_id AND p.walk = n.walk
    LEFT JOIN likeliest l ON l.name_id = n.name_id AND l.article_id = n.article_id AND l.rank = 1
)
SELECT article_id, former_id, entity_id FROM told WHERE entity_id <> former_id;

UPDATE article_entities SET entity_id = t.entity_id
FROM told_apart t
WHERE t.article_id = article_entities.article_id AND t.former_id = article_entities.entity_id;

UPDATE mentions SET entity_id = t.entity_id
FROM told_apart t
WHERE t.article_id = mentions.article_id AND t.former_id = mentions.entity_id;

INSERT INTO touched_entities
SELECT former_id FROM told_apart UNION SELECT entity_id FROM told_apart;
