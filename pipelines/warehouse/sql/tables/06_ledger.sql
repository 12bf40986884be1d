-- The books: what became of every Kafka record, and which offsets hold none.
CREATE TABLE IF NOT EXISTS ledger (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    kafka_offset BIGINT NOT NULL,
    message_at TIMESTAMPTZ NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR,
    scraper VARCHAR,
    article_id VARCHAR,
    version INTEGER,
    fingerprint VARCHAR,
    run_id VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL,
    first_outcome VARCHAR NOT NULL,
    first_reason VARCHAR,
    replayed_in VARCHAR,
    removed_in VARCHAR,
    key_id VARCHAR,
    fetched_at TIMESTAMPTZ,
    other_article_ids VARCHAR[]
);
ALTER TABLE ledger ADD COLUMN IF NOT EXISTS key_id VARCHAR;
ALTER TABLE ledger ADD COLUMN IF NOT EXISTS fetched_at TIMESTAMPTZ;
ALTER TABLE ledger ADD COLUMN IF NOT EXISTS other_article_ids VARCHAR[];
COMMENT ON TABLE ledger IS 'What became of every Kafka record, a row a record.';
COMMENT ON COLUMN ledger.topic IS 'Kafka topic of the record.';
COMMENT ON COLUMN ledger.partition IS 'Partition of the topic.';
COMMENT ON COLUMN ledger.kafka_offset IS 'Offset of the record in the partition.';
COMMENT ON COLUMN ledger.message_at IS 'Timestamp of the Kafka record, UTC.';
COMMENT ON COLUMN ledger.outcome IS 'What became of it in the end: loaded, new_version, unchanged, rejected, deleted, nothing_to_delete, suppressed or held.';
COMMENT ON COLUMN ledger.reason IS 'Name of the fault when it was rejected; null otherwise.';
COMMENT ON COLUMN ledger.scraper IS 'Which scraper produced it, where it could be read.';
COMMENT ON COLUMN ledger.article_id IS 'The article that it carried, asked to delete, or named by an address when it was rejected; null when it was rejected and named none.';
COMMENT ON COLUMN ledger.version IS 'Version of the article that it loaded, or whose text it showed again; null when there is none.';
COMMENT ON COLUMN ledger.fingerprint IS 'Shared by rejects that are alike; null when it was not rejected.';
COMMENT ON COLUMN ledger.run_id IS 'Run that read it from Kafka: see runs.';
COMMENT ON COLUMN ledger.batch_id IS 'Batch that read it from Kafka: see batches.';
COMMENT ON COLUMN ledger.first_outcome IS 'Outcome when it was read; differs from outcome after a replay of a reject, or a release.';
COMMENT ON COLUMN ledger.first_reason IS 'Reason when it was read; null when it was not rejected then.';
COMMENT ON COLUMN ledger.replayed_in IS 'Batch whose replay or release gave the present outcome; null when there was none.';
COMMENT ON COLUMN ledger.removed_in IS 'Batch whose delete request removed what the record had loaded, what waited, or its dead letter; null while it is there.';
COMMENT ON COLUMN ledger.key_id IS 'Digest of the record''s key, by which a delete request finds what came under the key; null without a key, or where it was read before keys were noted.';
COMMENT ON COLUMN ledger.fetched_at IS 'When the scraper received the page of a record that carried an article, UTC.';
COMMENT ON COLUMN ledger.other_article_ids IS 'Further articles that a rejected record names by an address in its value, its header or its key; null where there are none.';

CREATE TABLE IF NOT EXISTS gaps (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    start_offset BIGINT NOT NULL,
    end_offset BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL
);
COMMENT ON TABLE gaps IS 'Offsets that hold no record, and why, a row a run of them.';
COMMENT ON COLUMN gaps.topic IS 'Kafka topic.';
COMMENT ON COLUMN gaps.partition IS 'Partition of the topic.';
COMMENT ON COLUMN gaps.start_offset IS 'First offset without a record.';
COMMENT ON COLUMN gaps.end_offset IS 'Offset after the last one without a record.';
COMMENT ON COLUMN gaps.kind IS 'Why: compaction, transaction_marker (also the records of an aborted transaction) or retention.';
COMMENT ON COLUMN gaps.run_id IS 'Run that found the gap: see runs.';
COMMENT ON COLUMN gaps.batch_id IS 'Batch that found the gap: see batches.';

CREATE TABLE IF NOT EXISTS partition_offsets (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    first_offset BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    batch_id VARCHAR NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE partition_offsets IS 'How far each partition was read: it moves in the transaction that loads the rows.';
COMMENT ON COLUMN partition_offsets.topic IS 'Kafka topic.';
COMMENT ON COLUMN partition_offsets.partition IS 'Partition of the topic.';
COMMENT ON COLUMN partition_offsets.first_offset IS 'First offset that was ever handed to a run.';
COMMENT ON COLUMN partition_offsets.next_offset IS 'Offset that the next run starts from.';
COMMENT ON COLUMN partition_offsets.batch_id IS 'Batch that moved it last: see batches.';
COMMENT ON COLUMN partition_offsets.updated_at IS 'When it was moved last, UTC.';
