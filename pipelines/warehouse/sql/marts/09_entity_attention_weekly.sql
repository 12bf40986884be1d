-- Example: SELECT week, name, type, stories, stories_before, change FROM marts.entity_attention_weekly ORDER BY week DESC, change DESC, name LIMIT 10
CREATE OR REPLACE VIEW marts.entity_attention_weekly AS
WITH newest AS (  -- an article that is dated after it was fetched moves it no further than to that day
    SELECT CAST(max(CASE WHEN published_at < fetched_at THEN published_at ELSE fetched_at END) AT TIME ZONE 'UTC' AS DATE) AS day
    FROM articles
),
covered AS (
    SELECT DISTINCT CAST(date_trunc('week', coalesce(published_at, fetched_at) AT TIME ZONE 'UTC') AS DATE) AS week FROM articles
),
changes AS (  -- each week, and each week before one that does not name the entity
    SELECT
        coalesce(w.week, b.week + 7) AS week,
        coalesce(w.entity_id, b.entity_id) AS entity_id,
        coalesce(w.articles, 0) AS articles,
        coalesce(w.stories, 0) AS stories,
        coalesce(b.stories, 0) AS stories_before
    FROM attention.weeks w
    FULL JOIN attention.weeks b ON b.entity_id = w.entity_id AND b.week + 7 = w.week
)
SELECT
    c.week, c.entity_id, e.name, e.type, e.country, e.occupation, c.articles, c.stories,
    CASE WHEN v.week IS NOT NULL THEN c.stories_before END AS stories_before,
    CASE WHEN v.week IS NOT NULL THEN c.stories - c.stories_before END AS change,
    CAST(c.stories - c.stories_before AS DOUBLE PRECISION) / nullif(c.stories_before, 0) AS relative_change,
    c.week + 7 <= (SELECT day FROM newest) AS is_complete
FROM changes c
LEFT JOIN covered v ON v.week = c.week - 7
JOIN entities e ON e.entity_id = c.entity_id
WHERE c.articles > 0 OR c.week <= (SELECT day FROM newest);
COMMENT ON VIEW marts.entity_attention_weekly IS 'Attention to each entity by week, with the change from the week before: one row for each week and entity that articles of this week or of the week before name.';
COMMENT ON COLUMN marts.entity_attention_weekly.week IS 'First day of the week, a Monday. Articles are assigned to their day of publication in the time zone UTC, or to the day of fetching if they have no publication date.';
COMMENT ON COLUMN marts.entity_attention_weekly.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN marts.entity_attention_weekly.name IS 'The name that most articles give the entity.';
COMMENT ON COLUMN marts.entity_attention_weekly.type IS 'Type of the entity: PER, LOC, ORG or MISC.';
COMMENT ON COLUMN marts.entity_attention_weekly.country IS 'ISO 3166-1 alpha-2 code of the entity''s country; null if it is not known.';
COMMENT ON COLUMN marts.entity_attention_weekly.occupation IS 'Kind of occupation that most articles state for a person; null if none does. It distinguishes namesakes.';
COMMENT ON COLUMN marts.entity_attention_weekly.articles IS 'Articles of the week that name the entity; every copy of a story counts. 0 if only articles of the week before name it.';
COMMENT ON COLUMN marts.entity_attention_weekly.stories IS 'Stories of the week that name the entity; all copies of one story count once.';
COMMENT ON COLUMN marts.entity_attention_weekly.stories_before IS 'Stories of the week before that name the entity; null if the warehouse has no articles at all of the week before.';
COMMENT ON COLUMN marts.entity_attention_weekly.change IS 'Difference between stories and stories_before; null if stories_before is null.';
COMMENT ON COLUMN marts.entity_attention_weekly.relative_change IS 'The change divided by stories_before, so that 1 stands for twice as many stories; null if stories_before is null or 0.';
COMMENT ON COLUMN marts.entity_attention_weekly.is_complete IS 'Whether the warehouse has articles of a later week. The week of the newest articles is not complete: its change is lower than it will be. Articles that are dated after they were fetched complete no week.';
