-- How many articles of a run's newest batches are current in the warehouse.
WITH of_run AS (
    SELECT batch_id, records, sum(records) OVER (ORDER BY loaded_at DESC, batch_id DESC) AS reached
    FROM batches WHERE run_id = ?
),
recent AS (
    SELECT batch_id FROM of_run WHERE reached - records < ?
)
SELECT count(*) AS articles
FROM ledger l
JOIN recent r ON r.batch_id = l.batch_id
JOIN articles a ON a.article_id = l.article_id AND a.coordinates_topic = l.topic
    AND a.coordinates_partition = l.partition AND a.coordinates_offset = l.kafka_offset;
