-- Whether the ledger accounts for every offset.
SELECT topic, partition, first_offset, next_offset, records, gap_offsets, open_offsets, updated_at
FROM marts.ledger_standing
ORDER BY topic, partition;
