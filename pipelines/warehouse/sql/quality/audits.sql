-- Each expectation of the suite for batches: in how many batches of a run it was checked, and in how many it failed.
SELECT
    a.expectation, a.column_name, a.severity, a.reason, count(*) AS checked,
    count(CASE WHEN NOT a.success THEN 1 END) AS failed
FROM audit_results a
JOIN batches b ON b.batch_id = a.batch_id
WHERE b.run_id = ?
GROUP BY a.expectation, a.column_name, a.severity, a.reason
ORDER BY min(a.position), a.expectation, a.column_name;
