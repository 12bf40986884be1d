-- What was done, when, and what came of it.
CREATE TABLE IF NOT EXISTS runs (
    run_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    processor VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    status VARCHAR NOT NULL,
    note VARCHAR
);
COMMENT ON TABLE runs IS 'Runs of a flow, a row a run.';
COMMENT ON COLUMN runs.run_id IS 'Name of the run.';
COMMENT ON COLUMN runs.kind IS 'What it did: ingest, replay or release.';
COMMENT ON COLUMN runs.topic IS 'Kafka topic that it worked on.';
COMMENT ON COLUMN runs.processor IS 'Version of Dateline and fingerprint of rules, model and schema.';
COMMENT ON COLUMN runs.started_at IS 'When it started, UTC.';
COMMENT ON COLUMN runs.finished_at IS 'When it ended, UTC; null while it runs, or when it was killed.';
COMMENT ON COLUMN runs.status IS 'running, completed, failed, or abandoned: killed, which the next run found.';
COMMENT ON COLUMN runs.note IS 'What a person should know: why it failed or stopped.';

CREATE TABLE IF NOT EXISTS batches (
    batch_id VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    processor VARCHAR NOT NULL,
    staged_at TIMESTAMPTZ NOT NULL,
    published_at TIMESTAMPTZ NOT NULL,
    verdict VARCHAR,
    records BIGINT NOT NULL,
    loaded BIGINT NOT NULL,
    new_version BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    deleted BIGINT NOT NULL,
    suppressed BIGINT NOT NULL,
    held BIGINT NOT NULL,
    gap_offsets BIGINT NOT NULL,
    nothing_to_delete BIGINT DEFAULT 0
);
ALTER TABLE batches ADD COLUMN IF NOT EXISTS nothing_to_delete BIGINT DEFAULT 0;
COMMENT ON TABLE batches IS 'Published micro-batches with what became of their records, a row a batch.';
COMMENT ON COLUMN batches.batch_id IS 'Name of the batch.';
COMMENT ON COLUMN batches.run_id IS 'Run that made it: see runs.';
COMMENT ON COLUMN batches.kind IS 'ingest (records new to the ledger), replay (records that it had as rejected) or release (records that it had as held).';
COMMENT ON COLUMN batches.processor IS 'Version of Dateline and fingerprint of rules, model and schema.';
COMMENT ON COLUMN batches.staged_at IS 'When its files were complete, UTC.';
COMMENT ON COLUMN batches.published_at IS 'When its rows were committed, UTC.';
COMMENT ON COLUMN batches.verdict IS 'Verdict of the audit: passed, warned or failed; null when there was none.';
COMMENT ON COLUMN batches.records IS 'Kafka records in the batch.';
COMMENT ON COLUMN batches.loaded IS 'Records that became a new article.';
COMMENT ON COLUMN batches.new_version IS 'Records that became a new version of an article.';
COMMENT ON COLUMN batches.unchanged IS 'Records that showed a text again that was known.';
COMMENT ON COLUMN batches.rejected IS 'Records that became a dead letter.';
COMMENT ON COLUMN batches.deleted IS 'Delete requests that removed something.';
COMMENT ON COLUMN batches.suppressed IS 'Records that must not be loaded: see suppressions and deletions.';
COMMENT ON COLUMN batches.held IS 'Records that wait because their source is held.';
COMMENT ON COLUMN batches.nothing_to_delete IS 'Delete requests that found nothing to remove; they are remembered (see deletions).';
COMMENT ON COLUMN batches.gap_offsets IS 'Offsets of the batch that hold no record: see gaps.';

CREATE TABLE IF NOT EXISTS batch_ranges (
    batch_id VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    start_offset BIGINT NOT NULL,
    end_offset BIGINT NOT NULL
);
COMMENT ON TABLE batch_ranges IS 'Offsets that were handed to each batch, a row a batch and partition.';
COMMENT ON COLUMN batch_ranges.batch_id IS 'Name of the batch.';
COMMENT ON COLUMN batch_ranges.topic IS 'Kafka topic.';
COMMENT ON COLUMN batch_ranges.partition IS 'Partition of the topic.';
COMMENT ON COLUMN batch_ranges.start_offset IS 'First offset that was handed to it.';
COMMENT ON COLUMN batch_ranges.end_offset IS 'Offset after the last one that was handed to it.';

CREATE TABLE IF NOT EXISTS audit_results (
    batch_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    expectation VARCHAR NOT NULL,
    column_name VARCHAR,
    severity VARCHAR NOT NULL,
    success BOOLEAN NOT NULL,
    observed VARCHAR,
    reason VARCHAR,
    scrapers VARCHAR[] NOT NULL
);
COMMENT ON TABLE audit_results IS 'What the audit of each batch found, a row an expectation.';
COMMENT ON COLUMN audit_results.batch_id IS 'Name of the batch.';
COMMENT ON COLUMN audit_results.position IS 'Place of the expectation in its suite, from 1.';
COMMENT ON COLUMN audit_results.expectation IS 'The expectation.';
COMMENT ON COLUMN audit_results.column_name IS 'Column that it is about, where it is about one.';
COMMENT ON COLUMN audit_results.severity IS 'critical or warning.';
COMMENT ON COLUMN audit_results.success IS 'Whether the batch met it.';
COMMENT ON COLUMN audit_results.observed IS 'The values seen, one for each scraper in scrapers, in their order.';
COMMENT ON COLUMN audit_results.reason IS 'Why the expectation is there.';
COMMENT ON COLUMN audit_results.scrapers IS 'Scrapers whose records did not meet it.';
