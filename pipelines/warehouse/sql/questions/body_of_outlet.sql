-- The current texts of some articles of an outlet.
SELECT body FROM articles WHERE outlet_domain = $1 ORDER BY article_id LIMIT 20;
