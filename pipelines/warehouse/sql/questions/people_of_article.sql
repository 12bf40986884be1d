-- The people whom an article names, each with what the article calls them.
SELECT DISTINCT e.name, m.text
FROM article_entities e JOIN mentions m ON m.article_id = e.article_id AND m.entity_id = e.entity_id
WHERE e.article_id = $1 AND e.type = 'PER'
ORDER BY 1, 2;
