-- Why records of a run's newest batches were rejected when they were first read, and how many became articles.
WITH of_run AS (
    SELECT batch_id, records, sum(records) OVER (ORDER BY loaded_at DESC, batch_id DESC) AS reached
    FROM batches WHERE run_id = ?
),
recent AS (
    SELECT batch_id FROM of_run WHERE reached - records < ?
)
SELECT l.first_outcome AS outcome, l.first_reason AS reason, count(*) AS records
FROM ledger l
JOIN recent r ON r.batch_id = l.batch_id
GROUP BY l.first_outcome, l.first_reason
ORDER BY records DESC, outcome, reason;
