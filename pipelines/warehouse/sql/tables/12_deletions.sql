-- Delete requests, remembered: a record that one covers is not loaded when it arrives later, or is replayed.
CREATE TABLE IF NOT EXISTS deletions (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    kafka_offset BIGINT NOT NULL,
    message_at TIMESTAMPTZ NOT NULL,
    key_id VARCHAR,
    article_id VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL
);
COMMENT ON TABLE deletions IS 'Delete requests (tombstones) and the articles that each concerns, a row a request and article.';
COMMENT ON COLUMN deletions.topic IS 'Kafka topic of the tombstone.';
COMMENT ON COLUMN deletions.partition IS 'Partition of the topic.';
COMMENT ON COLUMN deletions.kafka_offset IS 'Offset of the tombstone in the partition.';
COMMENT ON COLUMN deletions.message_at IS 'Timestamp of the tombstone, UTC: records with a later one are loaded.';
COMMENT ON COLUMN deletions.key_id IS 'Digest of the tombstone''s key, as in ledger.key_id; null where it was read before keys were noted.';
COMMENT ON COLUMN deletions.article_id IS 'Article at the address in the key, or one that came under the key.';
COMMENT ON COLUMN deletions.batch_id IS 'Batch that carried out the deletion of this article: see batches.';

-- Delete requests of a warehouse that was made before they were remembered.
INSERT INTO deletions (topic, partition, kafka_offset, message_at, key_id, article_id, batch_id)
SELECT l.topic, l.partition, l.kafka_offset, l.message_at, l.key_id, l.article_id, l.batch_id
FROM ledger l
WHERE l.outcome = 'deleted' AND l.article_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM deletions d WHERE d.topic = l.topic AND d.partition = l.partition AND d.kafka_offset = l.kafka_offset
);
