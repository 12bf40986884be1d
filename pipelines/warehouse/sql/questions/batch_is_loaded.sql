SELECT batch_id, published_at FROM batches WHERE batch_id = ?;
