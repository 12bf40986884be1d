-- Which people, organisations and places are in the news more than in the weeks before?
-- Parameter: rows integer = 20: Number of rows.
SELECT name, type, country, stories, outlets, stories_before, stories_expected, rise
FROM marts.entities_rising
WHERE type <> 'MISC'
ORDER BY rise DESC NULLS LAST, stories DESC, name, entity_id
LIMIT CAST($rows AS INTEGER);
