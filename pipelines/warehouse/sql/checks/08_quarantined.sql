-- Quarantined records without a waiting article, waiting articles without such a record, or of an active scraper.
SELECT l.topic || '/' || l.partition || '@' || l.kafka_offset, 'is quarantined, but its article does not wait'
FROM ledger l
LEFT JOIN quarantined_articles h
  ON h.topic = l.topic AND h.partition = l.partition AND h.kafka_offset = l.kafka_offset AND h.article_id = l.article_id
WHERE l.topic = coalesce($topic, l.topic) AND l.outcome = 'quarantined' AND l.removed_in IS NULL AND h.topic IS NULL
ORDER BY l.topic, l.partition, l.kafka_offset;

SELECT h.topic || '/' || h.partition || '@' || h.kafka_offset, 'has an article that waits, but is not quarantined'
FROM quarantined_articles h
LEFT JOIN ledger l
  ON l.topic = h.topic AND l.partition = h.partition AND l.kafka_offset = h.kafka_offset AND l.outcome = 'quarantined'
 AND l.removed_in IS NULL
WHERE h.topic = coalesce($topic, h.topic) AND l.topic IS NULL
ORDER BY h.topic, h.partition, h.kafka_offset;

SELECT topic || '/' || partition || '@' || kafka_offset, 'has ' || count(*) || ' articles that wait'
FROM quarantined_articles WHERE topic = coalesce($topic, topic)
GROUP BY topic, partition, kafka_offset HAVING count(*) > 1
ORDER BY topic, partition, kafka_offset;

SELECT min(h.topic || '/' || h.partition || '@' || h.kafka_offset),
    count(*) || ' articles of ' || h.scraper || ' wait, but it is not quarantined'
FROM quarantined_articles h
LEFT JOIN scrapers s ON s.scraper = h.scraper AND s.state = 'quarantined'
WHERE h.topic = coalesce($topic, h.topic) AND s.scraper IS NULL
GROUP BY h.scraper
ORDER BY h.scraper;
