-- Example: SELECT started_at, kind, status, records, loaded, rejected, audit FROM marts.pipeline_runs ORDER BY started_at DESC LIMIT 10
CREATE OR REPLACE VIEW marts.pipeline_runs AS
SELECT
    r.run_id, r.kind, r.topic, r.status, r.started_at, r.finished_at, r.processor,
    CAST(coalesce(sum(b.records), 0) AS BIGINT) AS records,
    CAST(coalesce(sum(b.loaded), 0) AS BIGINT) AS loaded,
    CAST(coalesce(sum(b.new_version), 0) AS BIGINT) AS new_version,
    CAST(coalesce(sum(b.new_reading), 0) AS BIGINT) AS new_reading,
    CAST(coalesce(sum(b.unchanged), 0) AS BIGINT) AS unchanged,
    CAST(coalesce(sum(b.rejected), 0) AS BIGINT) AS rejected,
    CASE max(CASE b.verdict WHEN 'failed' THEN 3 WHEN 'warned' THEN 2 WHEN 'passed' THEN 1 END)
        WHEN 3 THEN 'failed' WHEN 2 THEN 'warned' WHEN 1 THEN 'passed' END AS audit,
    r.note
FROM runs r
LEFT JOIN batches b ON b.run_id = r.run_id
GROUP BY r.run_id, r.kind, r.topic, r.status, r.started_at, r.finished_at, r.processor, r.note;
COMMENT ON VIEW marts.pipeline_runs IS 'Runs of the flows, with what became of their records: one row for each run.';
COMMENT ON COLUMN marts.pipeline_runs.run_id IS 'Id of the run.';
COMMENT ON COLUMN marts.pipeline_runs.kind IS 'Kind of the run: ingest, replay or release.';
COMMENT ON COLUMN marts.pipeline_runs.topic IS 'Kafka topic whose records the run processed.';
COMMENT ON COLUMN marts.pipeline_runs.status IS 'running, completed, failed, or abandoned (it was killed, and a later run found that).';
COMMENT ON COLUMN marts.pipeline_runs.started_at IS 'When it started, UTC.';
COMMENT ON COLUMN marts.pipeline_runs.finished_at IS 'When it ended, UTC; null while it is running, and if it was killed.';
COMMENT ON COLUMN marts.pipeline_runs.processor IS 'Version of Dateline, with a fingerprint of its rules, models and schema.';
COMMENT ON COLUMN marts.pipeline_runs.records IS 'Kafka records in the batches of the run.';
COMMENT ON COLUMN marts.pipeline_runs.loaded IS 'Records that became a new article.';
COMMENT ON COLUMN marts.pipeline_runs.new_version IS 'Records that became a new version of an article.';
COMMENT ON COLUMN marts.pipeline_runs.new_reading IS 'Records with a known text that became a new reading of it.';
COMMENT ON COLUMN marts.pipeline_runs.unchanged IS 'Records with a known text and nothing new.';
COMMENT ON COLUMN marts.pipeline_runs.rejected IS 'Records that were rejected.';
COMMENT ON COLUMN marts.pipeline_runs.audit IS 'The worst verdict of the audits of its batches: passed, warned or failed; null if none was audited.';
COMMENT ON COLUMN marts.pipeline_runs.note IS 'Why the run failed or stopped early; null otherwise.';
