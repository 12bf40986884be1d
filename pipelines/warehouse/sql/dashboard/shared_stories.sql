-- The stories that most outlets carry, of those that an outlet published first, or of all (null).
SELECT title, first_outlet_domain AS outlet, articles, outlets, first_at, spread_hours
FROM marts.syndication
WHERE CAST($1 AS VARCHAR) IS NULL OR first_outlet_domain = $1
ORDER BY outlets DESC, articles DESC, first_at DESC, story_id
LIMIT 50;
