-- Example: SELECT topic, partition, records, gap_offsets, open_offsets FROM marts.ledger_standing ORDER BY topic, partition
CREATE OR REPLACE VIEW marts.ledger_standing AS
WITH counted AS (
    SELECT topic, partition, count(*) AS records FROM ledger GROUP BY topic, partition
),
missing AS (
    SELECT topic, partition, CAST(sum(end_offset - start_offset) AS BIGINT) AS offsets FROM gaps GROUP BY topic, partition
)
SELECT
    p.topic, p.partition, p.first_offset, p.next_offset,
    coalesce(c.records, 0) AS records,
    coalesce(m.offsets, 0) AS gap_offsets,
    p.next_offset - p.first_offset - coalesce(c.records, 0) - coalesce(m.offsets, 0) AS open_offsets,
    p.updated_at
FROM partition_offsets p
LEFT JOIN counted c ON c.topic = p.topic AND c.partition = p.partition
LEFT JOIN missing m ON m.topic = p.topic AND m.partition = p.partition;
COMMENT ON VIEW marts.ledger_standing IS 'Whether the ledger accounts for every offset that was read: one row for each topic and partition.';
COMMENT ON COLUMN marts.ledger_standing.topic IS 'Kafka topic.';
COMMENT ON COLUMN marts.ledger_standing.partition IS 'Partition of the topic.';
COMMENT ON COLUMN marts.ledger_standing.first_offset IS 'First offset that a run read.';
COMMENT ON COLUMN marts.ledger_standing.next_offset IS 'Offset that the next run starts from.';
COMMENT ON COLUMN marts.ledger_standing.records IS 'Kafka records with an outcome in the ledger.';
COMMENT ON COLUMN marts.ledger_standing.gap_offsets IS 'Offsets without a record, whose reason is in the table gaps.';
COMMENT ON COLUMN marts.ledger_standing.open_offsets IS 'Offsets that are not accounted for; 0 in a ledger that closes. `dateline ledger verify` checks more.';
COMMENT ON COLUMN marts.ledger_standing.updated_at IS 'When next_offset was last moved, UTC.';
