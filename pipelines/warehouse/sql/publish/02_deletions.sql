-- Delete requests: the article goes from every table, the ledger remembers which batch removed it, and the request is kept.
DELETE FROM articles WHERE article_id IN (SELECT article_id FROM deleted_articles);
DELETE FROM article_versions WHERE article_id IN (SELECT article_id FROM deleted_articles);
DELETE FROM mentions WHERE article_id IN (SELECT article_id FROM deleted_articles);
DELETE FROM article_entities WHERE article_id IN (SELECT article_id FROM deleted_articles);
DELETE FROM story_bands WHERE article_id IN (SELECT article_id FROM deleted_articles);
DELETE FROM held_articles
USING removed_records r
WHERE r.topic = held_articles.topic AND r.partition = held_articles.partition AND r.kafka_offset = held_articles.kafka_offset;
UPDATE ledger SET removed_in = (SELECT batch_id FROM this_batch)
FROM removed_records r
WHERE r.topic = ledger.topic AND r.partition = ledger.partition AND r.kafka_offset = ledger.kafka_offset;

-- What later records show of such an article is loaded again (03_articles.sql), under the versions that it has now.
UPDATE ledger SET outcome = r.outcome, version = r.version
FROM restored r
WHERE r.topic = ledger.topic AND r.partition = ledger.partition AND r.kafka_offset = ledger.kafka_offset;

INSERT INTO deletions (topic, partition, kafka_offset, message_at, key_id, article_id, batch_id)
SELECT d.topic, d.partition, d.kafka_offset, d.message_at, d.key_id, d.article_id, b.batch_id
FROM new_deletions d CROSS JOIN this_batch b;
