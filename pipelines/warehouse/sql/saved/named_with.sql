-- With whom, and with what, is a person, organisation or place named most often?
-- Parameter: name text, such as Halima Ndegwa: Name of the person, organisation or place.
-- Parameter: rows integer = 20: Number of rows.
WITH pairs AS (
    SELECT other_entity_id AS entity_id, other_name AS name, other_type AS type, stories, articles
    FROM marts.entity_pairs
    WHERE lower(name) = lower(CAST($name AS VARCHAR))
    UNION ALL
    SELECT entity_id, name, type, stories, articles
    FROM marts.entity_pairs
    WHERE lower(other_name) = lower(CAST($name AS VARCHAR))
)
SELECT name, type, stories, articles
FROM pairs
ORDER BY stories DESC, articles DESC, name, entity_id
LIMIT CAST($rows AS INTEGER);
