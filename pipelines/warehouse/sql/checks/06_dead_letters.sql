-- Rejected records without a dead letter, dead letters of records that are not rejected, and doubled ones.
SELECT l.topic || '/' || l.partition || '@' || l.kafka_offset, 'is rejected, but has no open dead letter'
FROM ledger l
LEFT JOIN dead_letters d
  ON d.topic = l.topic AND d.partition = l.partition AND d.kafka_offset = l.kafka_offset AND d.resolved_at IS NULL
WHERE l.topic = coalesce($topic, l.topic) AND l.outcome = 'rejected' AND l.removed_in IS NULL
  AND d.dead_letter_id IS NULL
ORDER BY l.topic, l.partition, l.kafka_offset;

SELECT d.topic || '/' || d.partition || '@' || d.kafka_offset, 'has an open dead letter, but is not rejected'
FROM dead_letters d
LEFT JOIN ledger l
  ON l.topic = d.topic AND l.partition = d.partition AND l.kafka_offset = d.kafka_offset AND l.outcome = 'rejected'
WHERE d.topic = coalesce($topic, d.topic) AND d.resolved_at IS NULL AND l.topic IS NULL
ORDER BY d.topic, d.partition, d.kafka_offset;

SELECT topic || '/' || partition || '@' || kafka_offset, 'has ' || count(*) || ' dead letters'
FROM dead_letters WHERE topic = coalesce($topic, topic)
GROUP BY topic, partition, kafka_offset HAVING count(*) > 1
ORDER BY topic, partition, kafka_offset;
