-- Seconds from the message, and from the fetch of the page, until the article was in the warehouse: the number of articles and
-- the sum by upper bound of a histogram; the bound is null above the last one. The parameters are those of metrics_records.
WITH ranges AS (
    SELECT unnest(CAST($2 AS INTEGER[])) AS partition, unnest(CAST($3 AS BIGINT[])) AS start_offset,
        unnest(CAST($4 AS BIGINT[])) AS end_offset
),
loads AS (
    SELECT l.message_at, l.fetched_at, b.loaded_at
    FROM ranges r
    JOIN ledger l ON l.topic = $1 AND l.partition = r.partition
        AND l.kafka_offset >= r.start_offset AND l.kafka_offset < r.end_offset
    JOIN batches b ON b.batch_id = l.batch_id
    WHERE l.first_outcome IN ('loaded', 'new_version', 'new_reading')
),
delays AS (
    SELECT 'message' AS since, CAST(EXTRACT(EPOCH FROM (loaded_at - message_at)) AS DOUBLE PRECISION) AS seconds FROM loads
    UNION ALL
    SELECT 'fetch', CAST(EXTRACT(EPOCH FROM (loaded_at - fetched_at)) AS DOUBLE PRECISION) FROM loads
    WHERE fetched_at IS NOT NULL
),
bounded AS (
    SELECT since, greatest(seconds, 0) AS seconds, CASE
        WHEN seconds <= 1 THEN 1 WHEN seconds <= 2 THEN 2 WHEN seconds <= 3 THEN 3 WHEN seconds <= 5 THEN 5
        WHEN seconds <= 10 THEN 10 WHEN seconds <= 30 THEN 30 WHEN seconds <= 60 THEN 60 WHEN seconds <= 300 THEN 300
        WHEN seconds <= 900 THEN 900 WHEN seconds <= 3600 THEN 3600 WHEN seconds <= 21600 THEN 21600
        WHEN seconds <= 86400 THEN 86400 END AS bound
    FROM delays
)
SELECT since, bound, count(*) AS articles, sum(seconds) AS seconds FROM bounded GROUP BY since, bound ORDER BY since, bound;
