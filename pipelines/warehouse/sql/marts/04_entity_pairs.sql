-- Example: SELECT name, other_name, stories, articles FROM marts.entity_pairs ORDER BY stories DESC, name, other_name LIMIT 10
CREATE OR REPLACE VIEW marts.entity_pairs AS
WITH pairs AS (
    SELECT
        u.entity_id,
        o.entity_id AS other_entity_id,
        count(*) AS articles,
        count(DISTINCT a.story_id) AS stories,
        min(a.fetched_at) AS first_seen_at,
        max(a.last_fetched_at) AS last_seen_at
    FROM article_entities u
    JOIN article_entities o ON o.article_id = u.article_id AND o.entity_id > u.entity_id
    JOIN articles a ON a.article_id = u.article_id
    GROUP BY u.entity_id, o.entity_id
)
SELECT
    r.entity_id, r.other_entity_id, e.name, p.name AS other_name, e.type, p.type AS other_type, r.articles, r.stories,
    r.first_seen_at, r.last_seen_at
FROM pairs r
JOIN entities e ON e.entity_id = r.entity_id
JOIN entities p ON p.entity_id = r.other_entity_id;
COMMENT ON VIEW marts.entity_pairs IS 'Entities that the same articles name: one row for each pair; the entity with the smaller id is the first of the pair.';
COMMENT ON COLUMN marts.entity_pairs.entity_id IS 'Stable identity of the first entity.';
COMMENT ON COLUMN marts.entity_pairs.other_entity_id IS 'Stable identity of the second entity.';
COMMENT ON COLUMN marts.entity_pairs.name IS 'Name of the first entity.';
COMMENT ON COLUMN marts.entity_pairs.other_name IS 'Name of the second entity.';
COMMENT ON COLUMN marts.entity_pairs.type IS 'Type of the first entity: PER, LOC, ORG or MISC.';
COMMENT ON COLUMN marts.entity_pairs.other_type IS 'Type of the second entity: PER, LOC, ORG or MISC.';
COMMENT ON COLUMN marts.entity_pairs.articles IS 'Articles that name both entities; every copy of a story counts.';
COMMENT ON COLUMN marts.entity_pairs.stories IS 'Stories that name both entities; all copies of one story count once.';
COMMENT ON COLUMN marts.entity_pairs.first_seen_at IS 'When the first article that names both was fetched, UTC.';
COMMENT ON COLUMN marts.entity_pairs.last_seen_at IS 'When the last article that names both was fetched, UTC.';
