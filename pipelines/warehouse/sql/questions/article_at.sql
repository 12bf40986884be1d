-- The article at an address, canonical or as it was fetched.
SELECT a.article_id
FROM articles a
WHERE a.canonical_url = ? OR a.url = ? OR a.article_id IN (SELECT v.article_id FROM article_versions v WHERE v.url = ?)
ORDER BY a.last_fetched_at DESC, a.article_id
LIMIT 1;
