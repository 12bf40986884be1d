-- Which stories did the most outlets run, and how fast did they spread?
-- Parameter: rows integer = 20: Number of rows.
SELECT title, first_outlet_domain, outlets, articles, first_at, spread_hours
FROM marts.syndication
ORDER BY outlets DESC, articles DESC, first_at, story_id
LIMIT CAST($rows AS INTEGER);
