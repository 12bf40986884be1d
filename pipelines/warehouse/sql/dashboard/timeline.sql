-- The newest stories of an entity.
SELECT first_at, title, first_outlet_domain AS outlet, outlets, articles, mentions, in_titles, story_id
FROM marts.entity_timeline
WHERE entity_id = $1
ORDER BY first_at DESC, story_id
LIMIT 1000;
