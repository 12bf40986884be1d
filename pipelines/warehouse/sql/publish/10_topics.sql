-- The topic that the batch was read from, when it is loaded from for the first time, or its id was not known until now.
INSERT INTO topics (topic, topic_id, first_seen_at, batch_id)
SELECT DISTINCT h.topic, b.topic_id, b.published_at, b.batch_id
FROM handed h CROSS JOIN this_batch b
WHERE b.topic_id <> '' AND NOT EXISTS (SELECT 1 FROM topics t WHERE t.topic = h.topic);
