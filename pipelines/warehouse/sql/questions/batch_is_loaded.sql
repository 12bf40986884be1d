SELECT batch_id, loaded_at FROM batches WHERE batch_id = ?;
