-- Texts of articles that lose records to a delete request and keep others: taken from the warehouse before they are
-- deleted there, as the records that are left show them. Only of a current text the warehouse has more than the version.
CREATE TEMP TABLE restored_texts AS
WITH kept AS (SELECT * FROM restored WHERE is_kept),
texts AS (
    SELECT article_id, content_hash, max(version) AS version FROM article_versions
    WHERE article_id IN (SELECT article_id FROM kept) GROUP BY article_id, content_hash
)
SELECT
    v.article_id, v.content_hash, v.url, c.canonical_url, c.outlet_domain, c.outlet_name, v.title, v.body, v.authors,
    v.author_types, v.published_at, a.published_zone, v.modified_at, a.dateline_place, a.dateline_agency, v.language,
    v.section, coalesce(a.tags, []) AS tags, a.image_url, v.word_count, v.is_truncated,
    coalesce(a.story_signature, []) AS story_signature, coalesce(a.evidence, '{}') AS evidence,
    coalesce(a.warnings, ['restored: an earlier version, without its mentions and entities']) AS warnings,
    k.fetched_at, v.processed_at, v.processor, l.scraper, k.topic AS source_topic, k.partition AS source_partition,
    k.kafka_offset AS source_offset
FROM kept k
JOIN texts t ON t.article_id = k.article_id AND t.content_hash = k.content_hash
JOIN article_versions v ON v.article_id = t.article_id AND v.version = t.version
JOIN ledger l ON l.topic = k.topic AND l.partition = k.partition AND l.kafka_offset = k.kafka_offset
JOIN articles c ON c.article_id = k.article_id
LEFT JOIN articles a ON a.article_id = k.article_id AND a.content_hash = k.content_hash;

CREATE TEMP VIEW texts AS
SELECT * FROM staged_articles UNION ALL SELECT * FROM restored_texts;

-- Articles whose row changes, and those among them that get a new one.
CREATE TEMP TABLE touched_articles AS
SELECT article_id FROM article_states UNION SELECT article_id FROM deleted_articles;

CREATE TEMP TABLE new_articles AS
SELECT s.article_id, s.outlet_domain, s.outlet_name, s.fetched_at
FROM texts s
JOIN resolution r
  ON r.topic = s.source_topic AND r.partition = s.source_partition AND r.kafka_offset = s.source_offset AND r.is_current;

-- Mentions and entities of the texts that are current when the batch ends. Who a person is, is decided afterwards.
CREATE TEMP TABLE new_mentions AS
SELECT
    s.article_id, r.version, s.position, s.mention.entity_id AS entity_id, s.mention."text" AS text, s.mention."type" AS type,
    s.mention.start AS start_char, s.mention."end" AS end_char, s.mention.sentence AS sentence,
    s.mention.in_title AS in_title, s.mention.confidence AS confidence
FROM staged_mentions s
JOIN resolution r
  ON r.topic = s.source_topic AND r.partition = s.source_partition AND r.kafka_offset = s.source_offset AND r.is_current;

CREATE TEMP TABLE new_article_entities AS
SELECT
    s.article_id, r.version, s.position, s.entity.entity_id AS entity_id, s.entity.entity_id AS name_id, s.entity.name AS name, s.entity."type" AS type,
    s.entity.country AS country, s.entity.geonames_id AS geonames_id, s.entity.latitude AS latitude,
    s.entity.longitude AS longitude, s.entity.mention_count AS mention_count, s.entity.in_title AS in_title,
    s.entity.salience AS salience, s.entity.occupation AS occupation
FROM staged_entities s
JOIN resolution r
  ON r.topic = s.source_topic AND r.partition = s.source_partition AND r.kafka_offset = s.source_offset AND r.is_current;

INSERT INTO new_mentions
SELECT
    m.article_id, r.version, m.position, coalesce(e.name_id, m.entity_id), m.text, m.type, m.start_char, m.end_char,
    m.sentence, m.in_title, m.confidence
FROM mentions m
JOIN articles a ON a.article_id = m.article_id
JOIN restored r ON r.article_id = m.article_id AND r.content_hash = a.content_hash AND r.is_current
LEFT JOIN article_entities e ON e.article_id = m.article_id AND e.entity_id = m.entity_id;

INSERT INTO new_article_entities
SELECT
    e.article_id, r.version, e.position, e.name_id, e.name_id, e.name, e.type, e.country, e.geonames_id, e.latitude, e.longitude,
    e.mention_count, e.in_title, e.salience, e.occupation
FROM article_entities e
JOIN articles a ON a.article_id = e.article_id
JOIN restored r ON r.article_id = e.article_id AND r.content_hash = a.content_hash AND r.is_current;
