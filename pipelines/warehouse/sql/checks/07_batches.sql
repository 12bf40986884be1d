-- Batches whose counts are not those of the ledger, per run; batches that did not take up where the former ended.
WITH outcomes AS (
    SELECT batch_id, count(*) AS records,
        count(CASE WHEN first_outcome = 'loaded' THEN 1 END) AS loaded,
        count(CASE WHEN first_outcome = 'new_version' THEN 1 END) AS new_version,
        count(CASE WHEN first_outcome = 'new_reading' THEN 1 END) AS new_reading,
        count(CASE WHEN first_outcome = 'unchanged' THEN 1 END) AS unchanged,
        count(CASE WHEN first_outcome = 'rejected' THEN 1 END) AS rejected,
        count(CASE WHEN first_outcome = 'deleted' THEN 1 END) AS deleted,
        count(CASE WHEN first_outcome = 'nothing_to_delete' THEN 1 END) AS nothing_to_delete,
        count(CASE WHEN first_outcome = 'suppressed' THEN 1 END) AS suppressed,
        count(CASE WHEN first_outcome = 'quarantined' THEN 1 END) AS quarantined
    FROM ledger GROUP BY batch_id
)
SELECT 'run ' || b.run_id || ', batch ' || b.batch_id,
    'counted ' || b.records || ' records (' || b.loaded || ' loaded, ' || b.new_version || ' new versions, ' ||
    coalesce(b.new_reading, 0) || ' new readings, ' || b.unchanged ||
    ' unchanged, ' || b.rejected || ' rejected, ' || b.deleted || ' deleted, ' ||
    coalesce(b.nothing_to_delete, 0) || ' with nothing to delete, ' || b.suppressed || ' suppressed, ' || b.quarantined ||
    ' quarantined), the ledger has ' || coalesce(t.records, 0) ||
    ' (' || coalesce(t.loaded, 0) || ', ' || coalesce(t.new_version, 0) || ', ' ||
    coalesce(t.new_reading, 0) || ', ' || coalesce(t.unchanged, 0) || ', ' ||
    coalesce(t.rejected, 0) || ', ' || coalesce(t.deleted, 0) || ', ' ||
    coalesce(t.nothing_to_delete, 0) || ', ' || coalesce(t.suppressed, 0) || ', ' ||
    coalesce(t.quarantined, 0) || ')'
FROM batches b
LEFT JOIN outcomes t ON t.batch_id = b.batch_id
WHERE b.kind = 'ingest' AND (
    b.records <> coalesce(t.records, 0) OR b.loaded <> coalesce(t.loaded, 0) OR b.new_version <> coalesce(t.new_version, 0)
    OR coalesce(b.new_reading, 0) <> coalesce(t.new_reading, 0)
    OR b.unchanged <> coalesce(t.unchanged, 0) OR b.rejected <> coalesce(t.rejected, 0)
    OR b.deleted <> coalesce(t.deleted, 0) OR coalesce(b.nothing_to_delete, 0) <> coalesce(t.nothing_to_delete, 0)
    OR b.suppressed <> coalesce(t.suppressed, 0) OR b.quarantined <> coalesce(t.quarantined, 0))
  AND ($topic IS NULL OR EXISTS (SELECT 1 FROM batch_ranges r WHERE r.batch_id = b.batch_id AND r.topic = $topic))
ORDER BY b.loaded_at, b.batch_id;

SELECT l.topic || '/' || l.partition || '@' || l.kafka_offset, 'belongs to batch ' || l.batch_id || ', which was never loaded'
FROM ledger l LEFT JOIN batches b ON b.batch_id = l.batch_id
WHERE l.topic = coalesce($topic, l.topic) AND b.batch_id IS NULL
ORDER BY l.topic, l.partition, l.kafka_offset;

WITH handed AS (
    SELECT r.topic, r.partition, r.batch_id, r.start_offset, r.end_offset,
        lag(r.end_offset) OVER (PARTITION BY r.topic, r.partition ORDER BY r.start_offset, r.end_offset) AS former_end
    FROM batch_ranges r WHERE r.topic = coalesce($topic, r.topic)
)
SELECT topic || '/' || partition, 'batch ' || batch_id || ' starts at ' || start_offset || ', the former ended at ' || former_end
FROM handed WHERE former_end IS NOT NULL AND former_end <> start_offset
ORDER BY topic, partition, start_offset;

SELECT p.topic || '/' || p.partition,
    'stands at ' || p.next_offset || ', but its batches were handed ' || coalesce(min(r.start_offset), -1) || ' to ' ||
    coalesce(max(r.end_offset), -1)
FROM partition_offsets p LEFT JOIN batch_ranges r ON r.topic = p.topic AND r.partition = p.partition
WHERE p.topic = coalesce($topic, p.topic)
GROUP BY p.topic, p.partition, p.first_offset, p.next_offset
HAVING max(r.end_offset) IS DISTINCT FROM p.next_offset OR min(r.start_offset) IS DISTINCT FROM p.first_offset
ORDER BY p.topic, p.partition;
