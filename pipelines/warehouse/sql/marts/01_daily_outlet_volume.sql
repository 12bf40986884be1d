-- Example: SELECT day, outlet_domain, articles, stories FROM marts.daily_outlet_volume ORDER BY day DESC, articles DESC LIMIT 10
CREATE OR REPLACE VIEW marts.daily_outlet_volume AS
WITH days AS (  -- grouped by the domain alone: names are joined only to the few resulting rows
    SELECT
        CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE) AS day,
        a.outlet_domain,
        count(*) AS articles,
        count(DISTINCT a.story_id) AS stories,
        count(CASE WHEN a.story_id <> a.article_id THEN 1 END) AS copies,
        count(CASE WHEN a.published_at IS NULL THEN 1 END) AS undated,
        count(CASE WHEN a.is_truncated THEN 1 END) AS truncated,
        count(CASE WHEN a.version > 1 THEN 1 END) AS corrected,
        CAST(avg(CASE WHEN NOT a.is_truncated AND a.word_count > 0 THEN a.word_count END) AS DOUBLE PRECISION) AS mean_words
    FROM articles a
    GROUP BY CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE), a.outlet_domain
)
SELECT
    d.day, d.outlet_domain, o.name AS outlet_name, d.articles, d.stories, d.copies, d.undated, d.truncated, d.corrected,
    d.mean_words
FROM days d
LEFT JOIN outlets o ON o.domain = d.outlet_domain;
COMMENT ON VIEW marts.daily_outlet_volume IS 'Articles of each outlet by day: one row for each day and outlet.';
COMMENT ON COLUMN marts.daily_outlet_volume.day IS 'Day of publication in the time zone UTC, or the day of fetching for articles without a publication date (see undated).';
COMMENT ON COLUMN marts.daily_outlet_volume.outlet_domain IS 'Registered domain of the publisher; null for articles without a URL.';
COMMENT ON COLUMN marts.daily_outlet_volume.outlet_name IS 'Name of the publisher; null if no article gives one.';
COMMENT ON COLUMN marts.daily_outlet_volume.articles IS 'Number of articles; every copy of a story counts.';
COMMENT ON COLUMN marts.daily_outlet_volume.stories IS 'Number of stories; all copies of one story count once.';
COMMENT ON COLUMN marts.daily_outlet_volume.copies IS 'Articles that are copies: the first article of their story is another one, of this or another outlet.';
COMMENT ON COLUMN marts.daily_outlet_volume.undated IS 'Articles without a publication date, which are counted on their day of fetching.';
COMMENT ON COLUMN marts.daily_outlet_volume.truncated IS 'Articles that have only a teaser as body.';
COMMENT ON COLUMN marts.daily_outlet_volume.corrected IS 'Articles that were loaded in more than one version.';
COMMENT ON COLUMN marts.daily_outlet_volume.mean_words IS 'Mean number of words of the articles that are not truncated; null if all are.';
