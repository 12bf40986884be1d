-- Rejected records, whole. Columns that schemas/dead_letter describes get their comment from it.
CREATE TABLE IF NOT EXISTS dead_letters (
    dead_letter_id VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    kafka_offset BIGINT NOT NULL,
    message_at TIMESTAMPTZ NOT NULL,
    step VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    details JSON NOT NULL,
    fingerprint VARCHAR NOT NULL,
    processor VARCHAR NOT NULL,
    rejected_at TIMESTAMPTZ NOT NULL,
    scraper VARCHAR,
    message_key BYTEA,
    header_names VARCHAR[] NOT NULL,
    header_values BYTEA[] NOT NULL,
    original BYTEA,
    original_path VARCHAR,
    original_bytes BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL,
    resolved_at TIMESTAMPTZ,
    resolved_in VARCHAR,
    removed_in VARCHAR
);
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS removed_in VARCHAR;
COMMENT ON TABLE dead_letters IS 'Rejected records with their original bytes, a row a Kafka record however often it was rejected.';
COMMENT ON COLUMN dead_letters.dead_letter_id IS 'Name of the dead letter, from its coordinates: what `dateline rejected show` takes.';
COMMENT ON COLUMN dead_letters.topic IS 'Kafka topic of the rejected record.';
COMMENT ON COLUMN dead_letters.partition IS 'Partition of the topic.';
COMMENT ON COLUMN dead_letters.kafka_offset IS 'Offset of the record in the partition.';
COMMENT ON COLUMN dead_letters.message_at IS 'Timestamp of the Kafka record, UTC.';
COMMENT ON COLUMN dead_letters.details IS 'Every violation found, as a JSON list of objects with field, expectation and value.';
COMMENT ON COLUMN dead_letters.message_key IS 'Key of the Kafka record.';
COMMENT ON COLUMN dead_letters.header_names IS 'Names of the record''s headers, in order; names may repeat.';
COMMENT ON COLUMN dead_letters.header_values IS 'Values of the record''s headers, in the order of header_names.';
COMMENT ON COLUMN dead_letters.attempts IS 'How often it was tried and rejected, the first time included.';
COMMENT ON COLUMN dead_letters.run_id IS 'Run that rejected it first: see runs.';
COMMENT ON COLUMN dead_letters.batch_id IS 'Batch that rejected it first: see batches.';
COMMENT ON COLUMN dead_letters.resolved_at IS 'When a replay passed or a delete request removed it, UTC; null while it is still rejected.';
COMMENT ON COLUMN dead_letters.resolved_in IS 'Batch whose replay passed; null while it is still rejected.';
COMMENT ON COLUMN dead_letters.removed_in IS 'Batch with whose delete request its key, headers, details and original were removed; null while they are there.';

CREATE TABLE IF NOT EXISTS removed_originals (
    original_path VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL
);
COMMENT ON TABLE removed_originals IS 'Files of originals that a delete request covers and that still have to be removed, a row a file.';
COMMENT ON COLUMN removed_originals.original_path IS 'File that holds the original, relative to DATELINE_HOME.';
COMMENT ON COLUMN removed_originals.batch_id IS 'Batch of the delete request: see batches.';

-- Keys of records that were rejected before keys were noted in the ledger.
UPDATE ledger SET key_id = left(sha256(d.message_key), 32)
FROM dead_letters d
WHERE ledger.key_id IS NULL AND octet_length(d.message_key) > 0
  AND d.topic = ledger.topic AND d.partition = ledger.partition AND d.kafka_offset = ledger.kafka_offset;
