-- Whether a batch was published.
SELECT 1 FROM batches WHERE batch_id = ?;
