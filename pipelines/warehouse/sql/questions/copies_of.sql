-- Articles of the same stories as those of a takedown, which are not taken down with them.
SELECT article_id, outlet_domain, coalesce(canonical_url, url) AS url
FROM articles
WHERE story_id IN (SELECT story_id FROM articles WHERE article_id = ANY($1) OR outlet_domain = $2)
  AND NOT (article_id = ANY($1)) AND outlet_domain IS DISTINCT FROM $2
ORDER BY outlet_domain, article_id LIMIT 50;
