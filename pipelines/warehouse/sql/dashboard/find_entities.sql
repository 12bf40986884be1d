-- Entities whose name contains a text, in lower case; the most frequent first.
SELECT entity_id, name, type, country, articles
FROM marts.entity_overview
WHERE position(CAST($1 AS VARCHAR) IN lower(name)) > 0
ORDER BY articles DESC, name, entity_id
LIMIT 100;
