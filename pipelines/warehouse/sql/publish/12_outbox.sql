-- The batch's dead letters have to reach their topic after the commit. A letter that waits already is not entered again: its newest state is sent.
INSERT INTO outbox (position, dead_letter_id, batch_id, waiting_since, attempts, tried_at, fault)
SELECT
    (SELECT coalesce(max(position), 0) FROM outbox)
        + row_number() OVER (ORDER BY d.topic, d.partition, d.kafka_offset),
    i.dead_letter_id, b.batch_id, b.published_at, 0, NULL, NULL
FROM staged_outcomes s
JOIN staged_dead_letters d ON d.topic = s.topic AND d.partition = s.partition AND d.kafka_offset = s.kafka_offset
JOIN dead_letter_ids i ON i.topic = d.topic AND i.partition = d.partition AND i.kafka_offset = d.kafka_offset
CROSS JOIN this_batch b
WHERE s.outcome = 'rejected'
  AND EXISTS (SELECT 1 FROM dead_letters l WHERE l.dead_letter_id = i.dead_letter_id)
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.dead_letter_id = i.dead_letter_id);
