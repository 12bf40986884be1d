-- Mentions and entities of the texts that are current when the batch ends.
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
    s.article_id, r.version, s.position, s.entity.entity_id AS name_id, s.entity.name AS name, s.entity."type" AS type,
    s.entity.country AS country, s.entity.geonames_id AS geonames_id, s.entity.latitude AS latitude,
    s.entity.longitude AS longitude, s.entity.mention_count AS mention_count, s.entity.in_title AS in_title,
    s.entity.salience AS salience, s.entity.occupation AS occupation
FROM staged_entities s
JOIN resolution r
  ON r.topic = s.source_topic AND r.partition = s.source_partition AND r.kafka_offset = s.source_offset AND r.is_current;
