-- Coordinates of the dead letters that a takedown emptied.
SELECT topic, partition, kafka_offset FROM dead_letters WHERE removed_in LIKE $1 || '-%' ORDER BY 1, 2, 3;
