-- Who and what is in the news: entities that most articles name. Mentions of one story in several outlets count for each.
SELECT name, type, article_count AS articles, country
FROM entities
WHERE type <> 'MISC'
ORDER BY article_count DESC, name
LIMIT 12;
