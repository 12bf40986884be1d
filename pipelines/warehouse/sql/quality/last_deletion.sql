-- When a batch that removed articles was last loaded, of those that were loaded since a moment; null if none was.
SELECT max(loaded_at) AS loaded_at FROM batches WHERE loaded_at >= ? AND deleted > 0;
