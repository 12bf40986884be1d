-- The last ten runs, newest first, with what became of their records.
SELECT
    r.run_id, r.kind, r.status, r.started_at, r.finished_at,
    coalesce(sum(b.records), 0)::BIGINT AS records,
    coalesce(sum(b.loaded + b.new_version), 0)::BIGINT AS loaded,
    coalesce(sum(b.unchanged), 0)::BIGINT AS unchanged,
    coalesce(sum(b.rejected), 0)::BIGINT AS rejected,
    max(b.verdict) AS audit,
    r.note
FROM runs r LEFT JOIN batches b ON b.run_id = r.run_id
GROUP BY r.run_id, r.kind, r.status, r.started_at, r.finished_at, r.note
ORDER BY r.started_at DESC
LIMIT 10;
