-- Whom and what the stories of an entity name with it.
SELECT other_entity_id AS entity_id, other_name AS name, other_type AS type, stories, articles, last_seen_at
FROM marts.entity_pairs WHERE entity_id = $1
UNION ALL
SELECT entity_id, name, type, stories, articles, last_seen_at
FROM marts.entity_pairs WHERE other_entity_id = $1
ORDER BY stories DESC, name
LIMIT 50;
