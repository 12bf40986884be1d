-- Who writes the most, and for which outlets?
-- Parameter: rows integer = 20: Number of rows.
WITH bylines AS (
    SELECT article_id, outlet_domain, unnest(authors) AS author, unnest(author_types) AS author_type FROM articles
)
SELECT
    author, author_type, count(DISTINCT article_id) AS articles, count(DISTINCT outlet_domain) AS outlets,
    min(outlet_domain) AS an_outlet
FROM bylines
GROUP BY author, author_type
ORDER BY articles DESC, author, author_type
LIMIT CAST($rows AS INTEGER);
