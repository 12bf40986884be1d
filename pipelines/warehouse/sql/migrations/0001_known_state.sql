-- DuckDB warehouses from before changes were decided outside of the database. Every statement may find its work done.
ALTER TABLE ledger ADD COLUMN IF NOT EXISTS key_id VARCHAR;
ALTER TABLE ledger ADD COLUMN IF NOT EXISTS fetched_at TIMESTAMPTZ;
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS removed_in VARCHAR;
ALTER TABLE batches ADD COLUMN IF NOT EXISTS nothing_to_delete BIGINT DEFAULT 0;
ALTER TABLE entities ADD COLUMN IF NOT EXISTS occupation VARCHAR;

-- Keys of records that were rejected before keys were noted in the ledger.
UPDATE ledger SET key_id = left(sha256(d.message_key), 32)
FROM dead_letters d
WHERE ledger.key_id IS NULL AND octet_length(d.message_key) > 0
  AND d.topic = ledger.topic AND d.partition = ledger.partition AND d.kafka_offset = ledger.kafka_offset;

-- Delete requests that were carried out before they were remembered.
INSERT INTO deletions (topic, partition, kafka_offset, message_at, key_id, article_id, batch_id)
SELECT l.topic, l.partition, l.kafka_offset, l.message_at, l.key_id, l.article_id, l.batch_id
FROM ledger l
WHERE l.outcome = 'deleted' AND l.article_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM deletions d WHERE d.topic = l.topic AND d.partition = l.partition AND d.kafka_offset = l.kafka_offset
);

-- When a text was fetched stands beside what is found by it, so that a lookup reads no articles.
ALTER TABLE article_entities ADD COLUMN IF NOT EXISTS name_id VARCHAR;
ALTER TABLE article_entities ADD COLUMN IF NOT EXISTS occupation VARCHAR;
ALTER TABLE article_entities ADD COLUMN IF NOT EXISTS fetched_at TIMESTAMPTZ;
UPDATE article_entities SET name_id = entity_id WHERE name_id IS NULL;
UPDATE article_entities SET fetched_at = a.fetched_at FROM articles a
WHERE a.article_id = article_entities.article_id AND article_entities.fetched_at IS NULL;
ALTER TABLE story_bands ADD COLUMN IF NOT EXISTS fetched_at TIMESTAMPTZ;
UPDATE story_bands SET fetched_at = a.fetched_at FROM articles a
WHERE a.article_id = story_bands.article_id AND story_bands.fetched_at IS NULL;

ALTER TABLE identity ADD COLUMN IF NOT EXISTS revision BIGINT;
UPDATE identity SET revision = 0 WHERE revision IS NULL;

-- What entities, outlets and people are counted from.
INSERT INTO entity_forms
SELECT entity_id, name, type, country, geonames_id, latitude, longitude, occupation, count(*)
FROM article_entities
WHERE NOT EXISTS (SELECT 1 FROM entity_forms)
GROUP BY entity_id, name, type, country, geonames_id, latitude, longitude, occupation;

INSERT INTO outlet_names
SELECT outlet_domain, outlet_name, count(*) FROM articles
WHERE outlet_domain IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outlet_names)
GROUP BY outlet_domain, outlet_name;

INSERT INTO people
WITH namings AS (
    SELECT e.name_id, e.article_id, e.entity_id, a.fetched_at,
        coalesce(CASE e.occupation WHEN 'business' THEN 'public_office' ELSE e.occupation END, '') AS occupation
    FROM article_entities e JOIN articles a ON a.article_id = e.article_id
    WHERE e.type = 'PER' AND NOT EXISTS (SELECT 1 FROM people)
),
companions AS (
    SELECT article_id, name_id, CAST('0x' || left(name_id, 15) AS BIGINT) AS hash
    FROM article_entities WHERE type IN ('PER', 'ORG')
)
SELECT
    n.name_id, n.occupation, CASE n.occupation WHEN '' THEN n.name_id ELSE max(n.entity_id) END,
    count(DISTINCT n.article_id), min(n.fetched_at),
    coalesce(list_slice(list_sort(list_distinct(list(c.hash) FILTER (c.hash IS NOT NULL))), 1, 64), [])
FROM namings n
LEFT JOIN companions c ON c.article_id = n.article_id AND c.name_id <> n.name_id
GROUP BY n.name_id, n.occupation;
