-- Example: SELECT loaded_at, verdict, severity, expectation, observed FROM marts.audit_findings ORDER BY loaded_at DESC, position LIMIT 10
CREATE OR REPLACE VIEW marts.audit_findings AS
SELECT
    a.batch_id, b.run_id, b.loaded_at, b.records, b.verdict, a.position, a.severity, a.expectation, a.column_name,
    a.success, a.observed, a.reason AS why, array_to_string(a.scrapers, ', ') AS scrapers
FROM audit_results a
JOIN batches b ON b.batch_id = a.batch_id;
COMMENT ON VIEW marts.audit_findings IS 'What the data-quality audit found: one row for each batch and expectation.';
COMMENT ON COLUMN marts.audit_findings.batch_id IS 'Id of the batch.';
COMMENT ON COLUMN marts.audit_findings.run_id IS 'Run that made the batch.';
COMMENT ON COLUMN marts.audit_findings.loaded_at IS 'When the batch was committed, UTC.';
COMMENT ON COLUMN marts.audit_findings.records IS 'Kafka records in the batch.';
COMMENT ON COLUMN marts.audit_findings.verdict IS 'Verdict of the audit on the whole batch: passed, warned or failed.';
COMMENT ON COLUMN marts.audit_findings.position IS 'Position of the expectation in its suite, from 1.';
COMMENT ON COLUMN marts.audit_findings.severity IS 'Severity of a failure: critical or warning.';
COMMENT ON COLUMN marts.audit_findings.expectation IS 'Name of the expectation.';
COMMENT ON COLUMN marts.audit_findings.column_name IS 'Column that the expectation checks; null if it checks no single column.';
COMMENT ON COLUMN marts.audit_findings.success IS 'Whether the batch met the expectation.';
COMMENT ON COLUMN marts.audit_findings.observed IS 'The value that was found.';
COMMENT ON COLUMN marts.audit_findings.why IS 'Why the expectation matters.';
COMMENT ON COLUMN marts.audit_findings.scrapers IS 'Scrapers whose records did not meet the expectation, separated by commas.';
