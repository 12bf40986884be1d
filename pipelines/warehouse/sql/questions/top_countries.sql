-- Countries in the most articles, by places and peoples; copies of one story count once.
SELECT u.country, count(DISTINCT a.story_id) AS articles, CAST(sum(u.mention_count) AS BIGINT) AS mentions
FROM article_entities u
JOIN articles a ON a.article_id = u.article_id
WHERE u.country IS NOT NULL AND u.type <> 'ORG'
GROUP BY u.country
ORDER BY articles DESC, mentions DESC, u.country
LIMIT 10;
