-- People and organisations in the most articles; copies of one story count once.
SELECT e.name, e.type, count(DISTINCT a.story_id) AS articles, e.country
FROM entities e
JOIN article_entities u ON u.entity_id = e.entity_id
JOIN articles a ON a.article_id = u.article_id
WHERE e.type IN ('PER', 'ORG')
GROUP BY e.entity_id, e.name, e.type, e.country
ORDER BY articles DESC, sum(u.mention_count) DESC, e.name
LIMIT 10;
