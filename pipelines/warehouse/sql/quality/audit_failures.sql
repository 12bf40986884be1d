-- The newest failures of the suite for batches in a run: which scrapers failed an expectation, and with what values.
SELECT
    a.expectation, a.column_name, a.severity, a.reason, a.observed, array_to_string(a.scrapers, ', ') AS scrapers,
    b.batch_id, b.loaded_at
FROM audit_results a
JOIN batches b ON b.batch_id = a.batch_id
WHERE b.run_id = ? AND NOT a.success
ORDER BY b.loaded_at DESC, b.batch_id DESC, a.position
LIMIT ?;
