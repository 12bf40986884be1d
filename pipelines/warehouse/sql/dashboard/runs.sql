-- The last runs.
SELECT started_at, kind, status, records, loaded, new_version, rejected, audit, finished_at, note
FROM marts.pipeline_runs
ORDER BY started_at DESC, run_id
LIMIT 20;
