-- Runs of a topic by kind and status, with the end of the last one and the seconds that all of them took.
SELECT kind, status, count(*) AS runs, max(finished_at) AS last_finished_at,
    CAST(coalesce(sum(EXTRACT(EPOCH FROM (finished_at - started_at))), 0) AS DOUBLE PRECISION) AS seconds
FROM runs
WHERE topic = ?
GROUP BY kind, status
ORDER BY kind, status;
