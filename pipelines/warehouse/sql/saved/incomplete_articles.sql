-- Which articles lack a date, a byline or the whole text?
-- Parameter: rows integer = 100: Number of rows.
SELECT
    outlet_domain, title, published_at IS NULL AS is_undated, coalesce(array_length(authors, 1), 0) = 0 AS is_unsigned,
    is_truncated, coalesce(canonical_url, url) AS url
FROM articles
WHERE published_at IS NULL OR coalesce(array_length(authors, 1), 0) = 0 OR is_truncated
ORDER BY outlet_domain NULLS LAST, title, article_id
LIMIT CAST($rows AS INTEGER);
