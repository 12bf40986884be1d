-- Batches with records in ranges of offsets, and the seconds from the end of their staging to the commit of their rows.
-- The parameters are those of metrics_records.
WITH ranges AS (
    SELECT unnest(CAST($2 AS INTEGER[])) AS partition, unnest(CAST($3 AS BIGINT[])) AS start_offset,
        unnest(CAST($4 AS BIGINT[])) AS end_offset
)
SELECT count(*) AS batches, CAST(coalesce(sum(EXTRACT(EPOCH FROM (loaded_at - staged_at))), 0) AS DOUBLE PRECISION) AS seconds
FROM batches
WHERE batch_id IN (
    SELECT l.batch_id
    FROM ranges r
    JOIN ledger l ON l.topic = $1 AND l.partition = r.partition
        AND l.kafka_offset >= r.start_offset AND l.kafka_offset < r.end_offset
);
