-- The words of the field: scrapers that are quarantined, batches that are loaded, and coordinates of messages.
-- Every statement is understood by every relational warehouse.
ALTER TABLE articles RENAME COLUMN source_topic TO coordinates_topic;
ALTER TABLE articles RENAME COLUMN source_partition TO coordinates_partition;
ALTER TABLE articles RENAME COLUMN source_offset TO coordinates_offset;
ALTER TABLE article_versions RENAME COLUMN source_topic TO coordinates_topic;
ALTER TABLE article_versions RENAME COLUMN source_partition TO coordinates_partition;
ALTER TABLE article_versions RENAME COLUMN source_offset TO coordinates_offset;
ALTER TABLE batches RENAME COLUMN published_at TO loaded_at;
ALTER TABLE batches RENAME COLUMN held TO quarantined;

UPDATE ledger SET outcome = 'quarantined' WHERE outcome = 'held';
UPDATE ledger SET first_outcome = 'quarantined' WHERE first_outcome = 'held';
UPDATE gaps SET kind = 'control_record' WHERE kind = 'transaction_marker';

INSERT INTO scrapers (scraper, state, since, why, batch_id, released_at)
SELECT source, CASE state WHEN 'held' THEN 'quarantined' ELSE 'active' END, since, why, batch_id, released_at
FROM sources;
DROP TABLE sources;

INSERT INTO scraper_batches (
    batch_id, scraper, position, loaded_at, last_message_at, records, rejected, consent_walls, articles, dates_ahead,
    words, words_low, words_high, languages, is_quarantined, is_compared
)
SELECT
    batch_id, source, position, published_at, last_message_at, records, rejected, consent_walls, articles, dates_ahead,
    words, words_low, words_high, languages, is_held, is_compared
FROM source_batches;
DROP TABLE source_batches;

INSERT INTO quarantined_articles (
    topic, partition, kafka_offset, message_at, scraper, article_id, article, schema_version, batch_id
)
SELECT topic, partition, kafka_offset, message_at, source, article_id, article, schema_version, batch_id
FROM held_articles;
DROP TABLE held_articles;
