-- How many stories name two of these twelve entities together. A list of values, unlike an array, is searched before pairs are made.
SELECT entity_id, other_entity_id, stories, articles
FROM marts.entity_pairs
WHERE entity_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    AND other_entity_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ORDER BY stories DESC, entity_id, other_entity_id;
