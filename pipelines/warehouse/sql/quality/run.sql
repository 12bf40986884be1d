-- A run with the outcomes of its batches.
SELECT
    r.run_id, r.kind, r.topic, r.status, r.started_at, r.finished_at, r.processor, r.note,
    count(b.batch_id) AS batches,
    count(b.verdict) AS audited,
    CASE max(CASE b.verdict WHEN 'failed' THEN 3 WHEN 'warned' THEN 2 WHEN 'passed' THEN 1 END)
        WHEN 3 THEN 'failed' WHEN 2 THEN 'warned' WHEN 1 THEN 'passed' END AS audit,
    CAST(coalesce(sum(b.records), 0) AS BIGINT) AS records,
    CAST(coalesce(sum(b.loaded), 0) AS BIGINT) AS loaded,
    CAST(coalesce(sum(b.new_version), 0) AS BIGINT) AS new_version,
    CAST(coalesce(sum(b.new_reading), 0) AS BIGINT) AS new_reading,
    CAST(coalesce(sum(b.unchanged), 0) AS BIGINT) AS unchanged,
    CAST(coalesce(sum(b.rejected), 0) AS BIGINT) AS rejected,
    CAST(coalesce(sum(b.deleted), 0) AS BIGINT) AS deleted,
    CAST(coalesce(sum(b.nothing_to_delete), 0) AS BIGINT) AS nothing_to_delete,
    CAST(coalesce(sum(b.suppressed), 0) AS BIGINT) AS suppressed,
    CAST(coalesce(sum(b.quarantined), 0) AS BIGINT) AS quarantined,
    CAST(coalesce(sum(b.withdrawn), 0) AS BIGINT) AS withdrawn,
    CAST(coalesce(sum(b.gap_offsets), 0) AS BIGINT) AS gap_offsets,
    (
        SELECT CAST(coalesce(sum(o.end_offset - o.start_offset), 0) AS BIGINT)
        FROM batch_ranges o JOIN batches x ON x.batch_id = o.batch_id WHERE x.run_id = r.run_id
    ) AS offsets
FROM runs r
LEFT JOIN batches b ON b.run_id = r.run_id
WHERE r.run_id = ?
GROUP BY r.run_id, r.kind, r.topic, r.status, r.started_at, r.finished_at, r.processor, r.note;
