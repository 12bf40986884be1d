-- Example: SELECT day, outlet_domain, articles, stories FROM marts.daily_outlet_volume ORDER BY day DESC, articles DESC LIMIT 10
CREATE OR REPLACE VIEW marts.daily_outlet_volume AS
SELECT
    CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE) AS day,
    a.outlet_domain,
    max(o.name) AS outlet_name,
    count(*) AS articles,
    count(DISTINCT a.story_id) AS stories,
    count(CASE WHEN a.story_id <> a.article_id THEN 1 END) AS copies,
    count(CASE WHEN a.published_at IS NULL THEN 1 END) AS undated,
    count(CASE WHEN a.is_truncated THEN 1 END) AS truncated,
    count(CASE WHEN a.version > 1 THEN 1 END) AS corrected,
    CAST(avg(CASE WHEN NOT a.is_truncated THEN a.word_count END) AS DOUBLE PRECISION) AS mean_words
FROM articles a
LEFT JOIN outlets o ON o.domain = a.outlet_domain
GROUP BY CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE), a.outlet_domain;
COMMENT ON VIEW marts.daily_outlet_volume IS 'How much each outlet published, a row a day and outlet.';
COMMENT ON COLUMN marts.daily_outlet_volume.day IS 'UTC day of publication; of fetching for articles that do not say when they were published (see undated).';
COMMENT ON COLUMN marts.daily_outlet_volume.outlet_domain IS 'Registered domain of the publisher; null for articles without a URL.';
COMMENT ON COLUMN marts.daily_outlet_volume.outlet_name IS 'Name of the publisher; null when no article gives it.';
COMMENT ON COLUMN marts.daily_outlet_volume.articles IS 'Articles, copies of a story each counted.';
COMMENT ON COLUMN marts.daily_outlet_volume.stories IS 'Stories: copies of one story counted once.';
COMMENT ON COLUMN marts.daily_outlet_volume.copies IS 'Articles whose story was first seen as another article, here or at another outlet.';
COMMENT ON COLUMN marts.daily_outlet_volume.undated IS 'Articles whose day is that of fetching.';
COMMENT ON COLUMN marts.daily_outlet_volume.truncated IS 'Articles of which only a teaser was seen.';
COMMENT ON COLUMN marts.daily_outlet_volume.corrected IS 'Articles of which more than one version was loaded.';
COMMENT ON COLUMN marts.daily_outlet_volume.mean_words IS 'Mean length in words, truncated articles left out; null when all are.';
