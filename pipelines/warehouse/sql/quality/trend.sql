-- The last ingest runs of a topic up to a moment that had records or failed, the newest first; of the last 2,000 runs.
WITH candidates AS (
    SELECT run_id, status, started_at
    FROM runs
    WHERE topic = ? AND kind = 'ingest' AND started_at <= ?
    ORDER BY started_at DESC, run_id
    LIMIT 2000
)
SELECT
    c.run_id, c.status, c.started_at,
    CAST(coalesce(sum(b.records), 0) AS BIGINT) AS records,
    CAST(coalesce(sum(b.loaded + b.new_version + coalesce(b.new_reading, 0)), 0) AS BIGINT) AS stored,
    CAST(coalesce(sum(b.rejected), 0) AS BIGINT) AS rejected,
    CASE max(CASE b.verdict WHEN 'failed' THEN 3 WHEN 'warned' THEN 2 WHEN 'passed' THEN 1 END)
        WHEN 3 THEN 'failed' WHEN 2 THEN 'warned' WHEN 1 THEN 'passed' END AS audit
FROM candidates c
LEFT JOIN batches b ON b.run_id = c.run_id
GROUP BY c.run_id, c.status, c.started_at
HAVING coalesce(sum(b.records), 0) > 0 OR c.status IN ('failed', 'abandoned')
ORDER BY c.started_at DESC, c.run_id
LIMIT ?;
