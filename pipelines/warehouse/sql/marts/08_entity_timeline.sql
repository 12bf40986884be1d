-- Example: SELECT first_at, name, title, articles, in_titles FROM marts.entity_timeline ORDER BY first_at DESC, name LIMIT 10
CREATE OR REPLACE VIEW marts.entity_timeline AS
WITH ranked AS (
    SELECT u.entity_id, u.mention_count, u.in_title, u.salience, a.article_id, a.story_id, a.title, a.outlet_domain,
        coalesce(a.published_at, a.fetched_at) AS at,
        row_number() OVER (
            PARTITION BY u.entity_id, a.story_id ORDER BY coalesce(a.published_at, a.fetched_at), a.article_id) AS rank
    FROM article_entities u
    JOIN articles a ON a.article_id = u.article_id
)
SELECT
    r.entity_id,
    e.name,
    e.type,
    min(r.at) AS first_at,
    max(r.at) AS last_at,
    r.story_id,
    max(CASE WHEN r.rank = 1 THEN r.article_id END) AS first_article_id,
    max(CASE WHEN r.rank = 1 THEN r.title END) AS title,
    max(CASE WHEN r.rank = 1 THEN r.outlet_domain END) AS first_outlet_domain,
    count(*) AS articles,
    count(DISTINCT r.outlet_domain) AS outlets,
    CAST(sum(r.mention_count) AS BIGINT) AS mentions,
    count(CASE WHEN r.in_title THEN 1 END) AS in_titles,
    max(r.salience) AS salience
FROM ranked r
JOIN entities e ON e.entity_id = r.entity_id
GROUP BY r.entity_id, e.name, e.type, r.story_id;
COMMENT ON VIEW marts.entity_timeline IS 'The stories that name each entity, in order of time: one row for each entity and story.';
COMMENT ON COLUMN marts.entity_timeline.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN marts.entity_timeline.name IS 'Its name, as most articles give it.';
COMMENT ON COLUMN marts.entity_timeline.type IS 'PER, LOC, ORG or MISC.';
COMMENT ON COLUMN marts.entity_timeline.first_at IS 'When the first article of the story that names it was published (fetched where the page does not say), UTC.';
COMMENT ON COLUMN marts.entity_timeline.last_at IS 'When the last one was, UTC.';
COMMENT ON COLUMN marts.entity_timeline.story_id IS 'Identity of the story.';
COMMENT ON COLUMN marts.entity_timeline.first_article_id IS 'The first article of the story that names it.';
COMMENT ON COLUMN marts.entity_timeline.title IS 'Headline of that article.';
COMMENT ON COLUMN marts.entity_timeline.first_outlet_domain IS 'Outlet of that article.';
COMMENT ON COLUMN marts.entity_timeline.articles IS 'Articles of the story that name it.';
COMMENT ON COLUMN marts.entity_timeline.outlets IS 'Outlets of these; articles without one are not counted.';
COMMENT ON COLUMN marts.entity_timeline.mentions IS 'Mentions of it in the bodies, in all of them.';
COMMENT ON COLUMN marts.entity_timeline.in_titles IS 'Articles of the story whose title names it.';
COMMENT ON COLUMN marts.entity_timeline.salience IS 'The largest share that an article of the story is about it, 0 to 1.';
