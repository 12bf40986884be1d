-- Entities and outlets as the current articles describe them: those that the batch changes are written anew, with their counts.
DELETE FROM entities WHERE entity_id IN (SELECT id FROM changed_entities);
INSERT INTO entities (
    entity_id, name, type, country, geonames_id, latitude, longitude, occupation, article_count, first_seen_at,
    last_seen_at
)
SELECT
    entity_id, name, type, country, geonames_id, latitude, longitude, occupation, article_count, first_seen_at,
    last_seen_at
FROM new_entities;

DELETE FROM entity_forms WHERE entity_id IN (SELECT id FROM changed_entities);
INSERT INTO entity_forms (
    entity_id, name, type, country, geonames_id, latitude, longitude, occupation, article_count
)
SELECT entity_id, name, type, country, geonames_id, latitude, longitude, occupation, article_count FROM new_entity_forms;

DELETE FROM outlets WHERE domain IN (SELECT id FROM changed_outlets);
INSERT INTO outlets (domain, name, article_count, first_fetched_at, last_fetched_at)
SELECT domain, name, article_count, first_fetched_at, last_fetched_at FROM new_outlets;

DELETE FROM outlet_names WHERE domain IN (SELECT id FROM changed_outlets);
INSERT INTO outlet_names (domain, name, article_count) SELECT domain, name, article_count FROM new_outlet_names;
