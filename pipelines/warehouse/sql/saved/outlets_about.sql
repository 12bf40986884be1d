-- Which outlets write about a person, organisation or place, and in what share of their articles?
-- Parameter: name text, such as Lisbon: Name of the person, organisation or place.
WITH about AS (
    SELECT a.outlet_domain, count(DISTINCT a.article_id) AS articles
    FROM entities e
    JOIN article_entities u ON u.entity_id = e.entity_id
    JOIN articles a ON a.article_id = u.article_id
    WHERE lower(e.name) = lower(CAST($name AS VARCHAR)) AND a.outlet_domain IS NOT NULL
    GROUP BY a.outlet_domain
)
SELECT
    b.outlet_domain, s.outlet_name, b.articles, s.articles AS all_articles,
    CAST(b.articles AS DOUBLE PRECISION) / s.articles AS share
FROM about b
JOIN marts.outlet_scorecard s ON s.outlet_domain = b.outlet_domain
ORDER BY b.articles DESC, share DESC, b.outlet_domain;
