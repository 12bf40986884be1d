-- One entity.
SELECT entity_id, name, type, country, occupation, articles, first_seen_at, last_seen_at, latitude, longitude
FROM marts.entity_overview WHERE entity_id = $1;
