-- Offsets of a partition that have an outcome, and whether a delete request removed the record or kept it out.
SELECT kafka_offset, removed_in IS NOT NULL OR outcome = 'suppressed'
FROM ledger
WHERE topic = ? AND partition = ? AND kafka_offset >= ? AND kafka_offset < ?
ORDER BY kafka_offset;
