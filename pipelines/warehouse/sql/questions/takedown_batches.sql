-- Number of batches of a takedown that were loaded.
SELECT count(*) FROM batches WHERE kind = 'forget' AND batch_id LIKE $1 || '-%';
