-- Warnings of expectations on the articles of a run's newest batches: how many articles have each, and the newest ones.
WITH of_run AS (
    SELECT batch_id, records, sum(records) OVER (ORDER BY loaded_at DESC, batch_id DESC) AS reached
    FROM batches WHERE run_id = ?
),
recent AS (
    SELECT batch_id FROM of_run WHERE reached - records < ?
),
marked AS (
    SELECT unnest(a.warnings) AS warning, a.title, a.scraper, l.topic, l.partition, l.kafka_offset, l.message_at
    FROM ledger l
    JOIN recent r ON r.batch_id = l.batch_id
    JOIN articles a ON a.article_id = l.article_id AND a.coordinates_topic = l.topic
        AND a.coordinates_partition = l.partition AND a.coordinates_offset = l.kafka_offset
),
ranked AS (
    SELECT *, count(*) OVER (PARTITION BY warning) AS articles, row_number() OVER (
        PARTITION BY warning ORDER BY message_at DESC, topic, partition, kafka_offset DESC
    ) AS rank
    FROM marked
    WHERE left(warning, 7) = 'expect_'
)
SELECT warning, articles, title, scraper, topic, partition, kafka_offset
FROM ranked
WHERE rank <= ?
ORDER BY warning, rank;
