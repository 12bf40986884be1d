-- For each reason the newest dead letters of a run's newest batches. Those that a delete request emptied are left out.
WITH of_run AS (
    SELECT batch_id, records, sum(records) OVER (ORDER BY loaded_at DESC, batch_id DESC) AS reached
    FROM batches WHERE run_id = ?
),
recent AS (
    SELECT batch_id FROM of_run WHERE reached - records < ?
),
ranked AS (
    SELECT
        d.dead_letter_id, d.topic, d.partition, d.kafka_offset, d.scraper, d.step, d.reason,
        CAST(d.details AS VARCHAR) AS details,
        row_number() OVER (
            PARTITION BY d.reason ORDER BY d.message_at DESC, d.topic, d.partition, d.kafka_offset DESC
        ) AS rank
    FROM ledger l
    JOIN recent r ON r.batch_id = l.batch_id
    JOIN dead_letters d ON d.topic = l.topic AND d.partition = l.partition AND d.kafka_offset = l.kafka_offset
    WHERE l.first_outcome = 'rejected' AND d.removed_in IS NULL
)
SELECT dead_letter_id, topic, partition, kafka_offset, scraper, step, reason, details
FROM ranked
WHERE rank <= CASE reason WHEN 'ExpectationFailed' THEN CAST(? AS INTEGER) ELSE CAST(? AS INTEGER) END
ORDER BY reason, rank;
