-- Expectations that the last audited batches did not meet.
SELECT loaded_at, verdict, severity, expectation, column_name, observed, scrapers, why
FROM marts.audit_findings
WHERE NOT success
ORDER BY loaded_at DESC, batch_id, position
LIMIT 100;
