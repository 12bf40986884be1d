-- Messages from which versions were made of the articles that these messages show.
SELECT DISTINCT v.coordinates_topic, v.coordinates_partition, v.coordinates_offset
FROM ledger l
JOIN article_versions v ON v.article_id = l.article_id
WHERE l.topic = $topic AND l.partition = CAST($partition AS INTEGER) AND l.kafka_offset = ANY(CAST($offsets AS BIGINT[]))
  AND l.removed_in IS NULL AND v.coordinates_topic = $topic
ORDER BY 1, 2, 3;
