-- The last runs, the newest first, with what their batches became and the worst verdict of their audits.
SELECT
    r.run_id, r.kind, r.status, r.started_at, r.finished_at,
    CAST(coalesce(sum(b.records), 0) AS BIGINT) AS records,
    CAST(coalesce(sum(b.loaded), 0) AS BIGINT) AS loaded,
    CAST(coalesce(sum(b.new_version), 0) AS BIGINT) AS new_version,
    CAST(coalesce(sum(b.new_reading), 0) AS BIGINT) AS new_reading,
    CAST(coalesce(sum(b.unchanged), 0) AS BIGINT) AS unchanged,
    CAST(coalesce(sum(b.rejected), 0) AS BIGINT) AS rejected,
    CAST(coalesce(sum(b.deleted), 0) AS BIGINT) AS deleted,
    CAST(coalesce(sum(b.nothing_to_delete), 0) AS BIGINT) AS nothing_to_delete,
    CASE max(CASE b.verdict WHEN 'failed' THEN 3 WHEN 'warned' THEN 2 WHEN 'passed' THEN 1 END)
        WHEN 3 THEN 'failed' WHEN 2 THEN 'warned' WHEN 1 THEN 'passed' END AS audit,
    r.note
FROM runs r
LEFT JOIN batches b ON b.run_id = r.run_id
GROUP BY r.run_id, r.kind, r.status, r.started_at, r.finished_at, r.note
ORDER BY r.started_at DESC, r.run_id
LIMIT 10;
