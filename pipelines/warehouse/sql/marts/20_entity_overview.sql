-- Example: SELECT name, type, country, articles FROM marts.entity_overview ORDER BY articles DESC, name LIMIT 10
CREATE OR REPLACE VIEW marts.entity_overview AS
SELECT
    e.entity_id, e.name, e.type, e.country, e.occupation, e.latitude, e.longitude, e.article_count AS articles,
    e.first_seen_at, e.last_seen_at
FROM entities e;
COMMENT ON VIEW marts.entity_overview IS 'Whom and what the current articles name: one row for each entity.';
COMMENT ON COLUMN marts.entity_overview.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN marts.entity_overview.name IS 'The name that most articles give the entity.';
COMMENT ON COLUMN marts.entity_overview.type IS 'Type of the entity: PER, LOC, ORG or MISC.';
COMMENT ON COLUMN marts.entity_overview.country IS 'ISO 3166-1 alpha-2 code of the country of a place, an organisation or a people; null if none is known.';
COMMENT ON COLUMN marts.entity_overview.occupation IS 'Kind of occupation that most articles state for a person; null if none does.';
COMMENT ON COLUMN marts.entity_overview.latitude IS 'Degrees north of a place, WGS 84.';
COMMENT ON COLUMN marts.entity_overview.longitude IS 'Degrees east of a place, WGS 84.';
COMMENT ON COLUMN marts.entity_overview.articles IS 'Current articles that name the entity; every copy of a story counts.';
COMMENT ON COLUMN marts.entity_overview.first_seen_at IS 'When the first article that names the entity was fetched, UTC.';
COMMENT ON COLUMN marts.entity_overview.last_seen_at IS 'When the last article that names the entity was fetched, UTC.';
