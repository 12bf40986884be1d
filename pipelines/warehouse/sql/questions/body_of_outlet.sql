-- The current text of one article of an outlet.
SELECT body FROM articles WHERE outlet_domain = $1 ORDER BY article_id LIMIT 1;
