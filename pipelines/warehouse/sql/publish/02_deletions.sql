-- Delete requests: the article goes from every table; the ledger remembers which batch removed it.
DELETE FROM articles WHERE article_id IN (SELECT article_id FROM deleted_articles);
DELETE FROM article_versions WHERE article_id IN (SELECT article_id FROM deleted_articles);
DELETE FROM mentions WHERE article_id IN (SELECT article_id FROM deleted_articles);
DELETE FROM article_entities WHERE article_id IN (SELECT article_id FROM deleted_articles);
DELETE FROM story_bands WHERE article_id IN (SELECT article_id FROM deleted_articles);
DELETE FROM held_articles WHERE article_id IN (SELECT article_id FROM deleted_articles);
UPDATE ledger SET removed_in = (SELECT batch_id FROM this_batch)
WHERE removed_in IS NULL AND outcome IN ('loaded', 'new_version', 'unchanged', 'held')
  AND article_id IN (SELECT article_id FROM deleted_articles);
