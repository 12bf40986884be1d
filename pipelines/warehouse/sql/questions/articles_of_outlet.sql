-- The first articles of an outlet.
SELECT article_id FROM articles WHERE outlet_domain = $1 ORDER BY article_id LIMIT $2;
