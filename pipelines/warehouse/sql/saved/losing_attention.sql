-- Which people, organisations and places lost the most attention from one week to the next?
-- Parameter: rows integer = 20: Number of rows.
SELECT week, name, type, stories_before, stories, change, is_complete
FROM marts.entity_attention_weekly
WHERE change < 0 AND type <> 'MISC'
ORDER BY week DESC, change, name, entity_id
LIMIT CAST($rows AS INTEGER);
