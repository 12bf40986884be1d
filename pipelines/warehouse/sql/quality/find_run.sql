-- The newest run whose id begins with these characters.
SELECT run_id FROM runs WHERE left(run_id, length(?)) = ? ORDER BY started_at DESC, run_id LIMIT 1;
