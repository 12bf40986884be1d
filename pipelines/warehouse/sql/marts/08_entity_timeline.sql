-- Example: SELECT first_at, name, title, articles, in_titles FROM marts.entity_timeline ORDER BY first_at DESC, name LIMIT 10
CREATE OR REPLACE VIEW marts.entity_timeline AS
WITH shared AS (  -- stories of several articles: of all others each article is one, which is counted without comparing any
    SELECT DISTINCT story_id FROM articles WHERE story_id <> article_id
),
stories AS (
    SELECT
        u.entity_id,
        u.story_id,
        u.dated_at AS first_at,
        u.dated_at AS last_at,
        u.article_id AS first_article_id,
        CAST(1 AS BIGINT) AS articles,
        CAST(CASE WHEN u.outlet_domain IS NULL THEN 0 ELSE 1 END AS BIGINT) AS outlets,
        CAST(u.mention_count AS BIGINT) AS mentions,
        CAST(CASE WHEN u.in_title THEN 1 ELSE 0 END AS BIGINT) AS in_titles,
        u.salience
    FROM article_entities u
    LEFT JOIN shared s ON s.story_id = u.story_id
    WHERE s.story_id IS NULL
    UNION ALL
    SELECT
        u.entity_id,
        u.story_id,
        min(u.dated_at),
        max(u.dated_at),
        (array_agg(u.article_id ORDER BY u.dated_at, u.article_id))[1],
        count(*),
        count(DISTINCT u.outlet_domain),
        CAST(sum(u.mention_count) AS BIGINT),
        count(CASE WHEN u.in_title THEN 1 END),
        max(u.salience)
    FROM article_entities u
    JOIN shared s ON s.story_id = u.story_id
    GROUP BY u.entity_id, u.story_id
)
SELECT
    s.entity_id, e.name, e.type, s.first_at, s.last_at, s.story_id, s.first_article_id, f.title,
    f.outlet_domain AS first_outlet_domain, s.articles, s.outlets, s.mentions, s.in_titles, s.salience
FROM stories s
JOIN entities e ON e.entity_id = s.entity_id
JOIN articles f ON f.article_id = s.first_article_id;
COMMENT ON VIEW marts.entity_timeline IS 'The stories that name each entity, in order of time: one row for each entity and story.';
COMMENT ON COLUMN marts.entity_timeline.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN marts.entity_timeline.name IS 'The name that most articles give the entity.';
COMMENT ON COLUMN marts.entity_timeline.type IS 'Type of the entity: PER, LOC, ORG or MISC.';
COMMENT ON COLUMN marts.entity_timeline.first_at IS 'When the first article of the story that names the entity was published (or fetched, if it has no publication date), UTC.';
COMMENT ON COLUMN marts.entity_timeline.last_at IS 'When the last article of the story that names the entity was published (or fetched, if it has no publication date), UTC.';
COMMENT ON COLUMN marts.entity_timeline.story_id IS 'Identity of the story.';
COMMENT ON COLUMN marts.entity_timeline.first_article_id IS 'The first article of the story that names the entity.';
COMMENT ON COLUMN marts.entity_timeline.title IS 'Headline of that first article.';
COMMENT ON COLUMN marts.entity_timeline.first_outlet_domain IS 'Outlet of that first article.';
COMMENT ON COLUMN marts.entity_timeline.articles IS 'Articles of the story that name the entity.';
COMMENT ON COLUMN marts.entity_timeline.outlets IS 'Outlets of these articles; articles without an outlet are not counted.';
COMMENT ON COLUMN marts.entity_timeline.mentions IS 'Mentions of the entity in the bodies of these articles.';
COMMENT ON COLUMN marts.entity_timeline.in_titles IS 'Articles of the story whose title names the entity.';
COMMENT ON COLUMN marts.entity_timeline.salience IS 'The entity''s highest salience in an article of the story, 0 to 1.';
