-- Every kept text becomes a version; the current one replaces the article's row, mentions and entities.
INSERT INTO article_versions (
    article_id, version, content_hash, url, title, body, authors, author_types, published_at, modified_at, language,
    section, word_count, is_truncated, story_id, fetched_at, processed_at, processor, scraper,
    source_topic, source_partition, source_offset, batch_id
)
SELECT
    s.article_id, r.version, s.content_hash, s.url, s.title, s.body, s.authors, s.author_types, s.published_at,
    s.modified_at, s.language, s.section, s.word_count, s.is_truncated, r.story_id, s.fetched_at, s.processed_at,
    s.processor, s.scraper, s.source_topic, s.source_partition, s.source_offset, (SELECT batch_id FROM this_batch)
FROM texts s
JOIN resolution r
  ON r.topic = s.source_topic AND r.partition = s.source_partition AND r.kafka_offset = s.source_offset AND r.is_kept;

DELETE FROM articles WHERE article_id IN (SELECT article_id FROM resolution WHERE is_current);
INSERT INTO articles (
    article_id, version, content_hash, url, canonical_url, outlet_domain, outlet_name, title, body, authors, author_types,
    published_at, published_zone, modified_at, dateline_place, dateline_agency, language, section, tags, image_url,
    word_count, is_truncated, story_id, story_signature, evidence, warnings, fetched_at, last_fetched_at, processed_at,
    processor, scraper, source_topic, source_partition, source_offset, batch_id
)
SELECT
    s.article_id, r.version, s.content_hash, s.url, s.canonical_url, s.outlet_domain, s.outlet_name, s.title, s.body,
    s.authors, s.author_types, s.published_at, s.published_zone, s.modified_at, s.dateline_place, s.dateline_agency,
    s.language, s.section, s.tags, s.image_url, s.word_count, s.is_truncated, r.story_id, s.story_signature, s.evidence,
    s.warnings, s.fetched_at, s.fetched_at, s.processed_at, s.processor, s.scraper, s.source_topic, s.source_partition,
    s.source_offset, (SELECT batch_id FROM this_batch)
FROM texts s
JOIN resolution r
  ON r.topic = s.source_topic AND r.partition = s.source_partition AND r.kafka_offset = s.source_offset AND r.is_current;

UPDATE articles SET last_fetched_at = t.current_fetched_at
FROM article_states t
WHERE t.article_id = articles.article_id AND t.current_fetched_at > articles.last_fetched_at;

DELETE FROM story_bands WHERE article_id IN (SELECT article_id FROM resolution WHERE is_current);
INSERT INTO story_bands (band, article_id) SELECT band, article_id FROM new_story_bands;

DELETE FROM mentions WHERE article_id IN (SELECT article_id FROM resolution WHERE is_current);
INSERT INTO mentions (
    article_id, version, position, entity_id, text, type, start_char, end_char, sentence, in_title, confidence
)
SELECT article_id, version, position, entity_id, text, type, start_char, end_char, sentence, in_title, confidence
FROM new_mentions;

DELETE FROM article_entities WHERE article_id IN (SELECT article_id FROM resolution WHERE is_current);
INSERT INTO article_entities (
    article_id, version, position, entity_id, name_id, name, type, country, geonames_id, latitude, longitude, occupation,
    mention_count, in_title, salience
)
SELECT
    article_id, version, position, entity_id, name_id, name, type, country, geonames_id, latitude, longitude, occupation,
    mention_count, in_title, salience
FROM new_article_entities;
