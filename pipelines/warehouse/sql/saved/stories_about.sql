-- Which stories name a person, organisation or place, and which outlet was first with each?
-- Parameter: name text, such as Halima Ndegwa: Name of the person, organisation or place.
SELECT first_at, title, first_outlet_domain, articles, outlets, mentions, in_titles, salience
FROM marts.entity_timeline
WHERE lower(name) = lower(CAST($name AS VARCHAR))
ORDER BY first_at, story_id, entity_id;
