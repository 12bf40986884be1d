-- Records that loaded a text which is not there (and was not removed), and texts that no record loaded.
SELECT l.topic || '/' || l.partition || '@' || l.kafka_offset,
    'is ' || l.outcome || ', but version ' || l.version || ' of article ' || l.article_id || ' is not there'
FROM ledger l
LEFT JOIN article_versions v ON v.article_id = l.article_id AND v.version = l.version
WHERE l.topic = coalesce($topic, l.topic) AND l.outcome IN ('loaded', 'new_version', 'new_reading', 'unchanged') AND l.removed_in IS NULL
  AND v.article_id IS NULL
ORDER BY l.topic, l.partition, l.kafka_offset;

SELECT v.coordinates_topic || '/' || v.coordinates_partition || '@' || v.coordinates_offset,
    'version ' || v.version || ' of article ' || v.article_id || ' is there, but the ledger does not say that this record loaded it'
FROM article_versions v
LEFT JOIN ledger l
  ON l.topic = v.coordinates_topic AND l.partition = v.coordinates_partition AND l.kafka_offset = v.coordinates_offset
 AND l.outcome IN ('loaded', 'new_version', 'new_reading') AND l.article_id = v.article_id AND l.version = v.version AND l.removed_in IS NULL
WHERE v.coordinates_topic = coalesce($topic, v.coordinates_topic) AND l.topic IS NULL
ORDER BY v.coordinates_topic, v.coordinates_partition, v.coordinates_offset;

SELECT min(coordinates_topic || '/' || coordinates_partition || '@' || coordinates_offset),
    'version ' || version || ' of article ' || article_id || ' is there ' || count(*) || ' times'
FROM article_versions
WHERE coordinates_topic = coalesce($topic, coordinates_topic)
GROUP BY article_id, version HAVING count(*) > 1
ORDER BY article_id, version;
