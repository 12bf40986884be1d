-- Which countries does an outlet write about?
-- Parameter: outlet text, such as lisbon-ledger.example: Registered domain of the outlet.
SELECT u.country, count(DISTINCT a.article_id) AS articles, CAST(sum(u.mention_count) AS BIGINT) AS mentions
FROM articles a
JOIN article_entities u ON u.article_id = a.article_id
WHERE a.outlet_domain = lower(CAST($outlet AS VARCHAR)) AND u.country IS NOT NULL AND u.type <> 'ORG'
GROUP BY u.country
ORDER BY articles DESC, mentions DESC, u.country;
