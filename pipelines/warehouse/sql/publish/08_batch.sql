-- The batch itself: what was handed to it, what became of it, how far its partitions are read now.
INSERT INTO batches (
    batch_id, run_id, kind, processor, staged_at, published_at, verdict, records, loaded, new_version, unchanged,
    rejected, deleted, suppressed, held, gap_offsets, nothing_to_delete
)
SELECT
    b.batch_id, b.run_id, b.kind, b.processor, b.staged_at, b.published_at, b.verdict,
    count(o.outcome),
    count(CASE WHEN o.outcome = 'loaded' THEN 1 END),
    count(CASE WHEN o.outcome = 'new_version' THEN 1 END),
    count(CASE WHEN o.outcome = 'unchanged' THEN 1 END),
    count(CASE WHEN o.outcome = 'rejected' THEN 1 END),
    count(CASE WHEN o.outcome = 'deleted' THEN 1 END),
    count(CASE WHEN o.outcome = 'suppressed' THEN 1 END),
    count(CASE WHEN o.outcome = 'held' THEN 1 END),
    (SELECT coalesce(sum(end_offset - start_offset), 0) FROM staged_gaps),
    count(CASE WHEN o.outcome = 'nothing_to_delete' THEN 1 END)
FROM this_batch b
LEFT JOIN (
    SELECT coalesce(r.outcome, s.outcome) AS outcome
    FROM staged_outcomes s
    LEFT JOIN resolution r ON r.topic = s.topic AND r.partition = s.partition AND r.kafka_offset = s.kafka_offset
) o ON TRUE
GROUP BY b.batch_id, b.run_id, b.kind, b.processor, b.staged_at, b.published_at, b.verdict;

INSERT INTO batch_ranges (batch_id, topic, partition, start_offset, end_offset)
SELECT b.batch_id, h.topic, h.partition, h.start_offset, h.end_offset FROM handed h CROSS JOIN this_batch b;

INSERT INTO audit_results (batch_id, position, expectation, column_name, severity, success, observed, reason, scrapers)
SELECT b.batch_id, a.position, a.expectation, a.column_name, a.severity, a.success, a.observed, a.reason, a.scrapers
FROM new_audit_results a CROSS JOIN this_batch b;

UPDATE partition_offsets SET next_offset = h.end_offset, batch_id = b.batch_id, updated_at = b.published_at
FROM handed h CROSS JOIN this_batch b
WHERE partition_offsets.topic = h.topic AND partition_offsets.partition = h.partition
  AND partition_offsets.next_offset = h.start_offset;
INSERT INTO partition_offsets (topic, partition, first_offset, next_offset, batch_id, updated_at)
SELECT h.topic, h.partition, h.start_offset, h.end_offset, b.batch_id, b.published_at
FROM handed h CROSS JOIN this_batch b
WHERE NOT EXISTS (
    SELECT 1 FROM partition_offsets p WHERE p.topic = h.topic AND p.partition = h.partition
);
