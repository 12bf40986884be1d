-- How far each partition of a topic was read, and when its offset was last moved.
SELECT partition, next_offset, updated_at FROM partition_offsets WHERE topic = ? ORDER BY partition;
