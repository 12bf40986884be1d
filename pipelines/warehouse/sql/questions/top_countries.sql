-- Which countries are in the news: articles that name a place there.
SELECT country, count(DISTINCT article_id) AS articles, sum(mention_count)::BIGINT AS mentions
FROM article_entities
WHERE country IS NOT NULL
GROUP BY country
ORDER BY articles DESC, mentions DESC, country
LIMIT 12;
