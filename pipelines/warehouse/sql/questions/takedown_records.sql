-- The records of a takedown in each partition: number, first and last offset, and the newest timestamp.
SELECT topic, partition, count(*) AS records, min(kafka_offset) AS first_offset, max(kafka_offset) AS last_offset,
    max(message_at) AS last_message_at
FROM ledger
WHERE removed_in LIKE $1 || '-%' OR article_id IN (SELECT article_id FROM redactions WHERE takedown_id = $1)
GROUP BY topic, partition ORDER BY topic, partition;
