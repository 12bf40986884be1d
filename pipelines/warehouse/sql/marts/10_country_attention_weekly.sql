-- Example: SELECT week, country, stories, stories_before, change FROM marts.country_attention_weekly ORDER BY week DESC, change DESC, country LIMIT 10
CREATE OR REPLACE VIEW marts.country_attention_weekly AS
WITH shared AS (  -- stories of several articles: of all others each article is one, which is counted without comparing any
    SELECT DISTINCT story_id FROM articles WHERE story_id <> article_id
),
newest AS (  -- an article that is dated after it was fetched moves it no further than to that day
    SELECT CAST(max(CASE WHEN published_at < fetched_at THEN published_at ELSE fetched_at END) AT TIME ZONE 'UTC' AS DATE) AS day
    FROM articles
),
covered AS (
    SELECT DISTINCT CAST(date_trunc('week', coalesce(published_at, fetched_at) AT TIME ZONE 'UTC') AS DATE) AS week FROM articles
),
named AS (  -- an article names a country once, however many of its places it names
    SELECT DISTINCT article_id, country, dated_at FROM article_entities WHERE country IS NOT NULL AND type <> 'ORG'
),
copies AS (  -- articles beyond the first of each story
    SELECT
        CAST(date_trunc('week', u.dated_at AT TIME ZONE 'UTC') AS DATE) AS week,
        u.country,
        count(DISTINCT u.article_id) - count(DISTINCT u.story_id) AS articles
    FROM article_entities u
    JOIN shared s ON s.story_id = u.story_id
    WHERE u.country IS NOT NULL AND u.type <> 'ORG'
    GROUP BY CAST(date_trunc('week', u.dated_at AT TIME ZONE 'UTC') AS DATE), u.country
),
counts AS (
    SELECT CAST(date_trunc('week', n.dated_at AT TIME ZONE 'UTC') AS DATE) AS week, n.country, count(*) AS articles
    FROM named n
    GROUP BY CAST(date_trunc('week', n.dated_at AT TIME ZONE 'UTC') AS DATE), n.country
),
weeks AS (
    SELECT n.week, n.country, n.articles, n.articles - coalesce(c.articles, 0) AS stories
    FROM counts n
    LEFT JOIN copies c ON c.week = n.week AND c.country = n.country
),
changes AS (  -- each week counts for itself, and as the week before the next one
    SELECT
        w.week + d.days AS week,
        w.country,
        CAST(sum(CASE WHEN d.days = 0 THEN w.articles ELSE 0 END) AS BIGINT) AS articles,
        CAST(sum(CASE WHEN d.days = 0 THEN w.stories ELSE 0 END) AS BIGINT) AS stories,
        CAST(sum(CASE WHEN d.days = 7 THEN w.stories ELSE 0 END) AS BIGINT) AS stories_before
    FROM weeks w
    CROSS JOIN (VALUES (0), (7)) AS d (days)
    GROUP BY w.week + d.days, w.country
)
SELECT
    c.week, c.country, c.articles, c.stories,
    CASE WHEN v.week IS NOT NULL THEN c.stories_before END AS stories_before,
    CASE WHEN v.week IS NOT NULL THEN c.stories - c.stories_before END AS change,
    CAST(c.stories - c.stories_before AS DOUBLE PRECISION) / nullif(c.stories_before, 0) AS relative_change,
    c.week + 7 <= (SELECT day FROM newest) AS is_complete
FROM changes c
LEFT JOIN covered v ON v.week = c.week - 7
WHERE c.articles > 0 OR c.week <= (SELECT day FROM newest);
COMMENT ON VIEW marts.country_attention_weekly IS 'Attention to each country by week, with the change from the week before: one row for each week and country that articles of this week or of the week before name.';
COMMENT ON COLUMN marts.country_attention_weekly.week IS 'First day of the week, a Monday. Articles are assigned to their day of publication in the time zone UTC, or to the day of fetching if they have no publication date.';
COMMENT ON COLUMN marts.country_attention_weekly.country IS 'ISO 3166-1 alpha-2 code of the country, from places and demonyms. Organisations of the country do not count.';
COMMENT ON COLUMN marts.country_attention_weekly.articles IS 'Articles of the week that name the country or a place in it; every copy of a story counts. 0 if only articles of the week before name it.';
COMMENT ON COLUMN marts.country_attention_weekly.stories IS 'Stories of the week that name the country or a place in it; all copies of one story count once.';
COMMENT ON COLUMN marts.country_attention_weekly.stories_before IS 'Stories of the week before that name the country or a place in it; null if the warehouse has no articles at all of the week before.';
COMMENT ON COLUMN marts.country_attention_weekly.change IS 'Difference between stories and stories_before; null if stories_before is null.';
COMMENT ON COLUMN marts.country_attention_weekly.relative_change IS 'The change divided by stories_before, so that 1 stands for twice as many stories; null if stories_before is null or 0.';
COMMENT ON COLUMN marts.country_attention_weekly.is_complete IS 'Whether the warehouse has articles of a later week. The week of the newest articles is not complete: its change is lower than it will be. Articles that are dated after they were fetched complete no week.';
