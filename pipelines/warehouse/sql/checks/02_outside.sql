-- Outcomes and gaps of offsets that no run was handed.
SELECT l.topic || '/' || l.partition || '@' || l.kafka_offset, 'has an outcome, but lies outside of what was read'
FROM ledger l
LEFT JOIN partition_offsets p ON p.topic = l.topic AND p.partition = l.partition
WHERE l.topic = coalesce($topic, l.topic)
  AND (p.topic IS NULL OR l.kafka_offset < p.first_offset OR l.kafka_offset >= p.next_offset)
ORDER BY l.topic, l.partition, l.kafka_offset;

SELECT g.topic || '/' || g.partition || '@' || g.start_offset, 'is a gap of no offsets, of no kind, or outside of what was read'
FROM gaps g
LEFT JOIN partition_offsets p ON p.topic = g.topic AND p.partition = g.partition
WHERE g.topic = coalesce($topic, g.topic)
  AND (p.topic IS NULL OR g.start_offset < p.first_offset OR g.end_offset > p.next_offset OR g.end_offset <= g.start_offset
    OR g.kind NOT IN ('compaction', 'control_record', 'retention', 'skipped'))
ORDER BY g.topic, g.partition, g.start_offset;
