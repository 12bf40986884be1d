-- What the audit of the newest audited batch had to remark.
SELECT a.severity, a.expectation, a.column_name AS "column", a.observed, a.reason AS why
FROM audit_results a
WHERE NOT a.success AND a.batch_id = (
    SELECT batch_id FROM batches WHERE verdict IS NOT NULL ORDER BY loaded_at DESC, batch_id DESC LIMIT 1
)
ORDER BY a.position;
