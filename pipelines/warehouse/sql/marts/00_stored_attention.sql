-- Attention to entities by day and by week: as it was stored, and counted anew where attention.changed says that articles changed.
CREATE SCHEMA IF NOT EXISTS attention;
CREATE TABLE IF NOT EXISTS attention.by_day AS
SELECT
    CAST(dated_at AS DATE) AS day, entity_id, CAST(0 AS BIGINT) AS articles, CAST(0 AS BIGINT) AS stories,
    CAST(0 AS BIGINT) AS outlets, CAST(0 AS BIGINT) AS mentions, CAST(0 AS BIGINT) AS in_titles, salience,
    CAST(0 AS BIGINT) AS undated
FROM article_entities WHERE false;
CREATE TABLE IF NOT EXISTS attention.by_week AS
SELECT CAST(dated_at AS DATE) AS week, entity_id, CAST(0 AS BIGINT) AS articles, CAST(0 AS BIGINT) AS stories
FROM article_entities WHERE false;
CREATE TABLE IF NOT EXISTS attention.changed AS
SELECT entity_id, dated_at FROM article_entities WHERE false;
CREATE OR REPLACE VIEW attention.days AS
WITH changed AS (
    SELECT DISTINCT CAST(dated_at AT TIME ZONE 'UTC' AS DATE) AS day, entity_id FROM attention.changed
)
SELECT d.day, d.entity_id, d.articles, d.stories, d.outlets, d.mentions, d.in_titles, d.salience, d.undated
FROM attention.by_day d
WHERE NOT EXISTS (SELECT 1 FROM changed c WHERE c.day = d.day AND c.entity_id = d.entity_id)
UNION ALL
SELECT
    c.day,
    c.entity_id,
    count(*),
    count(DISTINCT u.story_id),
    count(DISTINCT u.outlet_domain),
    CAST(sum(u.mention_count) AS BIGINT),
    count(CASE WHEN u.in_title THEN 1 END),
    sum(u.salience),
    count(CASE WHEN NOT u.is_dated THEN 1 END)
FROM changed c
JOIN article_entities u  -- the sum keeps a reader's condition on the day with the few changes: all rows would be tested for it
    ON u.entity_id = c.entity_id AND CAST(u.dated_at AT TIME ZONE 'UTC' AS DATE) = c.day + 0
    AND u.dated_at >= CAST(c.day - 1 AS TIMESTAMP) AT TIME ZONE 'UTC'  -- for an index of entity and time; the days beside
    AND u.dated_at < CAST(c.day + 2 AS TIMESTAMP) AT TIME ZONE 'UTC'  -- it, since some zones have a midnight twice
GROUP BY c.day, c.entity_id;
CREATE OR REPLACE VIEW attention.weeks AS
WITH changed AS (
    SELECT DISTINCT CAST(date_trunc('week', dated_at AT TIME ZONE 'UTC') AS DATE) AS week, entity_id FROM attention.changed
)
SELECT w.week, w.entity_id, w.articles, w.stories
FROM attention.by_week w
WHERE NOT EXISTS (SELECT 1 FROM changed c WHERE c.week = w.week AND c.entity_id = w.entity_id)
UNION ALL
SELECT c.week, c.entity_id, count(*), count(DISTINCT u.story_id)
FROM changed c
JOIN article_entities u
    ON u.entity_id = c.entity_id AND CAST(date_trunc('week', u.dated_at AT TIME ZONE 'UTC') AS DATE) = c.week + 0
    AND u.dated_at >= CAST(c.week - 1 AS TIMESTAMP) AT TIME ZONE 'UTC'
    AND u.dated_at < CAST(c.week + 8 AS TIMESTAMP) AT TIME ZONE 'UTC'
GROUP BY c.week, c.entity_id;
COMMENT ON TABLE attention.by_day IS 'Attention by day as it was when it was last stored: one row for each day and entity. Rows that attention.changed names are out of date.';
COMMENT ON TABLE attention.by_week IS 'Attention by week as it was when it was last stored: one row for each week and entity. Rows that attention.changed names are out of date.';
COMMENT ON TABLE attention.changed IS 'Entities whose articles of a time have changed since their attention was last stored: one row for each change, entity and time.';
COMMENT ON VIEW attention.days IS 'Attention to each entity by day, up to date: see marts.entity_attention_daily.';
COMMENT ON VIEW attention.weeks IS 'Attention to each entity by week, up to date: see marts.entity_attention_weekly.';
COMMENT ON COLUMN attention.by_day.day IS 'Day in the time zone UTC, as in marts.entity_attention_daily.';
COMMENT ON COLUMN attention.by_day.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN attention.by_day.articles IS 'Articles that name the entity.';
COMMENT ON COLUMN attention.by_day.stories IS 'Stories that name the entity.';
COMMENT ON COLUMN attention.by_day.outlets IS 'Outlets whose articles name the entity.';
COMMENT ON COLUMN attention.by_day.mentions IS 'Mentions of the entity in the bodies of these articles.';
COMMENT ON COLUMN attention.by_day.in_titles IS 'Articles whose title names the entity.';
COMMENT ON COLUMN attention.by_day.salience IS 'Sum of the entity''s salience over these articles.';
COMMENT ON COLUMN attention.by_day.undated IS 'Articles without a publication date.';
COMMENT ON COLUMN attention.by_week.week IS 'First day of the week, a Monday, in the time zone UTC, as in marts.entity_attention_weekly.';
COMMENT ON COLUMN attention.by_week.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN attention.by_week.articles IS 'Articles that name the entity.';
COMMENT ON COLUMN attention.by_week.stories IS 'Stories that name the entity.';
COMMENT ON COLUMN attention.changed.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN attention.changed.dated_at IS 'When the article was published (or fetched, if it has no publication date), UTC.';
COMMENT ON COLUMN attention.days.day IS 'Day in the time zone UTC, as in marts.entity_attention_daily.';
COMMENT ON COLUMN attention.days.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN attention.days.articles IS 'Articles that name the entity.';
COMMENT ON COLUMN attention.days.stories IS 'Stories that name the entity.';
COMMENT ON COLUMN attention.days.outlets IS 'Outlets whose articles name the entity.';
COMMENT ON COLUMN attention.days.mentions IS 'Mentions of the entity in the bodies of these articles.';
COMMENT ON COLUMN attention.days.in_titles IS 'Articles whose title names the entity.';
COMMENT ON COLUMN attention.days.salience IS 'Sum of the entity''s salience over these articles.';
COMMENT ON COLUMN attention.days.undated IS 'Articles without a publication date.';
COMMENT ON COLUMN attention.weeks.week IS 'First day of the week, a Monday, in the time zone UTC, as in marts.entity_attention_weekly.';
COMMENT ON COLUMN attention.weeks.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN attention.weeks.articles IS 'Articles that name the entity.';
COMMENT ON COLUMN attention.weeks.stories IS 'Stories that name the entity.';
