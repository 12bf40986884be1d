-- The quarantined records of an article, encoded.
SELECT article FROM quarantined_articles WHERE article_id = $1 ORDER BY topic, partition, kafka_offset;
