-- Example: SELECT day, name, type, articles, stories FROM marts.entity_attention_daily WHERE type = 'PER' ORDER BY stories DESC, day LIMIT 10
CREATE OR REPLACE VIEW marts.entity_attention_daily AS
WITH days AS (  -- by id alone: what the entity is called is joined to the few rows that are left
    SELECT
        CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE) AS day,
        u.entity_id,
        count(*) AS articles,
        count(DISTINCT a.story_id) AS stories,
        count(DISTINCT a.outlet_domain) AS outlets,
        CAST(sum(u.mention_count) AS BIGINT) AS mentions,
        count(CASE WHEN u.in_title THEN 1 END) AS in_titles,
        sum(u.salience) AS salience,
        count(CASE WHEN a.published_at IS NULL THEN 1 END) AS undated
    FROM article_entities u
    JOIN articles a ON a.article_id = u.article_id
    GROUP BY CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE), u.entity_id
)
SELECT
    d.day, d.entity_id, e.name, e.type, e.country, d.articles, d.stories, d.outlets, d.mentions, d.in_titles, d.salience,
    d.undated, e.occupation
FROM days d
JOIN entities e ON e.entity_id = d.entity_id;
COMMENT ON VIEW marts.entity_attention_daily IS 'Who and what was written about, a row a day and entity.';
COMMENT ON COLUMN marts.entity_attention_daily.day IS 'UTC day of publication; of fetching for articles that do not say when they were published (see undated).';
COMMENT ON COLUMN marts.entity_attention_daily.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN marts.entity_attention_daily.name IS 'Its name, as most articles give it.';
COMMENT ON COLUMN marts.entity_attention_daily.type IS 'PER, LOC, ORG or MISC.';
COMMENT ON COLUMN marts.entity_attention_daily.country IS 'ISO 3166-1 alpha-2 code where one is known.';
COMMENT ON COLUMN marts.entity_attention_daily.articles IS 'Articles that name it, copies of a story each counted.';
COMMENT ON COLUMN marts.entity_attention_daily.stories IS 'Stories that name it: copies of one story counted once.';
COMMENT ON COLUMN marts.entity_attention_daily.outlets IS 'Outlets that name it; articles without one are not counted.';
COMMENT ON COLUMN marts.entity_attention_daily.mentions IS 'Mentions of it in the bodies, in all articles.';
COMMENT ON COLUMN marts.entity_attention_daily.in_titles IS 'Articles whose title names it.';
COMMENT ON COLUMN marts.entity_attention_daily.salience IS 'Sum over its articles of the share that is about it: attention in articles.';
COMMENT ON COLUMN marts.entity_attention_daily.undated IS 'Articles whose day is that of fetching.';
COMMENT ON COLUMN marts.entity_attention_daily.occupation IS 'Of a person, the kind of occupation that most articles state, where any does: it tells namesakes apart.';
