-- Example: SELECT name, type, stories, stories_expected, rise FROM marts.entities_rising ORDER BY rise DESC NULLS LAST, stories DESC, name LIMIT 10
CREATE OR REPLACE VIEW marts.entities_rising AS
WITH newest AS (  -- an article that is dated after it was fetched moves it no further than to that day
    SELECT CAST(max(CASE WHEN published_at < fetched_at THEN published_at ELSE fetched_at END) AT TIME ZONE 'UTC' AS DATE) AS day
    FROM articles
),
shared AS (  -- stories of several articles: of all others each article is one, which is counted without comparing any
    SELECT DISTINCT story_id FROM articles WHERE story_id <> article_id
),
news AS (  -- articles of 35 days
    SELECT
        s.story_id AS shared_id,
        CASE WHEN CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE) > (SELECT day FROM newest) - 7
            THEN 1 ELSE 0 END AS is_recent
    FROM articles a
    LEFT JOIN shared s ON s.story_id = a.story_id
    WHERE coalesce(a.published_at, a.fetched_at) >= (SELECT CAST(day - 34 AS TIMESTAMP) AT TIME ZONE 'UTC' FROM newest)
        AND coalesce(a.published_at, a.fetched_at) < (SELECT CAST(day + 1 AS TIMESTAMP) AT TIME ZONE 'UTC' FROM newest)
),
volume AS (
    SELECT
        count(CASE WHEN is_recent = 1 AND shared_id IS NULL THEN 1 END)
            + count(DISTINCT CASE WHEN is_recent = 1 THEN shared_id END) AS stories,
        count(CASE WHEN is_recent = 0 AND shared_id IS NULL THEN 1 END)
            + count(DISTINCT CASE WHEN is_recent = 0 THEN shared_id END) AS stories_before
    FROM news
),
articles_of AS (
    SELECT
        d.entity_id,
        CAST(sum(CASE WHEN d.day > (SELECT day FROM newest) - 7 THEN d.articles ELSE 0 END) AS BIGINT) AS articles,
        CAST(sum(CASE WHEN d.day > (SELECT day FROM newest) - 7 THEN 0 ELSE d.articles END) AS BIGINT) AS articles_before
    FROM attention.days d
    WHERE d.day > (SELECT day FROM newest) - 35 AND d.day <= (SELECT day FROM newest)
    GROUP BY d.entity_id
    HAVING max(d.day) > (SELECT day FROM newest) - 7
),
outlets_of AS (
    SELECT u.entity_id, count(DISTINCT u.outlet_domain) AS outlets
    FROM article_entities u
    WHERE u.dated_at >= (SELECT CAST(day - 6 AS TIMESTAMP) AT TIME ZONE 'UTC' FROM newest)
        AND u.dated_at < (SELECT CAST(day + 1 AS TIMESTAMP) AT TIME ZONE 'UTC' FROM newest)
    GROUP BY u.entity_id
),
repeated AS (  -- articles of shared stories
    SELECT
        u.entity_id,
        u.story_id,
        CASE WHEN CAST(u.dated_at AT TIME ZONE 'UTC' AS DATE) > (SELECT day FROM newest) - 7 THEN 1 ELSE 0 END AS is_recent,
        count(*) AS articles
    FROM article_entities u
    JOIN shared s ON s.story_id = u.story_id
    WHERE u.dated_at >= (SELECT CAST(day - 34 AS TIMESTAMP) AT TIME ZONE 'UTC' FROM newest)
        AND u.dated_at < (SELECT CAST(day + 1 AS TIMESTAMP) AT TIME ZONE 'UTC' FROM newest)
    GROUP BY u.entity_id, u.story_id,
        CASE WHEN CAST(u.dated_at AT TIME ZONE 'UTC' AS DATE) > (SELECT day FROM newest) - 7 THEN 1 ELSE 0 END
    HAVING count(*) > 1
),
copies_of AS (  -- articles beyond the first of each story
    SELECT
        entity_id,
        CAST(sum(CASE WHEN is_recent = 1 THEN articles - 1 ELSE 0 END) AS BIGINT) AS copies,
        CAST(sum(CASE WHEN is_recent = 0 THEN articles - 1 ELSE 0 END) AS BIGINT) AS copies_before
    FROM repeated
    GROUP BY entity_id
),
counts AS (
    SELECT
        a.entity_id, a.articles - coalesce(c.copies, 0) AS stories, o.outlets,
        a.articles_before - coalesce(c.copies_before, 0) AS stories_before
    FROM articles_of a
    JOIN outlets_of o ON o.entity_id = a.entity_id
    LEFT JOIN copies_of c ON c.entity_id = a.entity_id
),
expected AS (
    SELECT c.*, c.stories_before * CAST(v.stories AS DOUBLE PRECISION) / nullif(v.stories_before, 0) AS stories_expected
    FROM counts c
    CROSS JOIN volume v
)
SELECT
    (SELECT day FROM newest) - 6 AS first_day, (SELECT day FROM newest) AS last_day,
    x.entity_id, e.name, e.type, e.country, e.occupation, x.stories, x.outlets, x.stories_before, x.stories_expected,
    (x.stories + 5) / (x.stories_expected + 5) AS rise
FROM expected x
JOIN entities e ON e.entity_id = x.entity_id;
COMMENT ON VIEW marts.entities_rising IS 'Entities in the newest seven days of the news, each compared with its own share of the 28 days before: one row for each entity that articles of the seven days name.';
COMMENT ON COLUMN marts.entities_rising.first_day IS 'First of the seven days, in the time zone UTC. Articles are assigned to their day of publication, or to the day of fetching if they have no publication date.';
COMMENT ON COLUMN marts.entities_rising.last_day IS 'Last of the seven days: the newest day with articles, in the time zone UTC. An article that is dated after it was fetched counts as one of the day of fetching here.';
COMMENT ON COLUMN marts.entities_rising.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN marts.entities_rising.name IS 'The name that most articles give the entity.';
COMMENT ON COLUMN marts.entities_rising.type IS 'Type of the entity: PER, LOC, ORG or MISC.';
COMMENT ON COLUMN marts.entities_rising.country IS 'ISO 3166-1 alpha-2 code of the entity''s country; null if it is not known.';
COMMENT ON COLUMN marts.entities_rising.occupation IS 'Kind of occupation that most articles state for a person; null if none does. It distinguishes namesakes.';
COMMENT ON COLUMN marts.entities_rising.stories IS 'Stories of the seven days that name the entity; all copies of one story count once.';
COMMENT ON COLUMN marts.entities_rising.outlets IS 'Outlets whose articles of the seven days name the entity; articles without an outlet are not counted.';
COMMENT ON COLUMN marts.entities_rising.stories_before IS 'Stories of the 28 days before that name the entity. Articles that were fetched before these 28 days do not count.';
COMMENT ON COLUMN marts.entities_rising.stories_expected IS 'Stories of the seven days that would name the entity if its share of all stories were that of the 28 days before. Null if there are no stories of the 28 days before.';
COMMENT ON COLUMN marts.entities_rising.rise IS 'Ratio of stories to stories_expected after 5 is added to both: above 1 the entity rises. The 5 keeps chance down: 5 stories instead of none give 2, and 100 instead of 50 give 1.9. Null if stories_expected is null.';
