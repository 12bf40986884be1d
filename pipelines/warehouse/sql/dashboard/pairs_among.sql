-- How many stories name two of these entities together.
SELECT entity_id, other_entity_id, stories, articles
FROM marts.entity_pairs
WHERE entity_id = ANY($1) AND other_entity_id = ANY($1)
ORDER BY stories DESC, entity_id, other_entity_id;
