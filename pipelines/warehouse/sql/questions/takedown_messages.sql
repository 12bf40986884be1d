-- Coordinates of the records of which a takedown removed something.
SELECT topic, partition, kafka_offset FROM ledger WHERE removed_in LIKE $1 || '-%' ORDER BY 1, 2, 3;
