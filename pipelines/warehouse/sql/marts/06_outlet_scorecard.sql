-- Example: SELECT outlet_domain, articles, share_dated, share_with_authors, share_truncated FROM marts.outlet_scorecard ORDER BY articles DESC, outlet_domain
CREATE OR REPLACE VIEW marts.outlet_scorecard AS
WITH sizes AS (
    SELECT story_id, count(*) AS articles FROM articles GROUP BY story_id
)
SELECT
    a.outlet_domain,
    max(o.name) AS outlet_name,
    count(*) AS articles,
    count(DISTINCT a.story_id) AS stories,
    count(CASE WHEN a.published_at IS NOT NULL THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_dated,
    count(CASE WHEN coalesce(array_length(a.authors, 1), 0) > 0 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_with_authors,
    count(CASE WHEN a.is_truncated THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_truncated,
    count(CASE WHEN s.articles > 1 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_shared,
    count(CASE WHEN coalesce(array_length(a.warnings, 1), 0) > 0 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_with_warnings,
    count(CASE WHEN a.version > 1 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_corrected,
    CAST(avg(CASE WHEN NOT a.is_truncated THEN a.word_count END) AS DOUBLE PRECISION) AS mean_words,
    min(a.fetched_at) AS first_fetched_at,
    max(a.last_fetched_at) AS last_fetched_at
FROM articles a
JOIN sizes s ON s.story_id = a.story_id
LEFT JOIN outlets o ON o.domain = a.outlet_domain
GROUP BY a.outlet_domain;
COMMENT ON VIEW marts.outlet_scorecard IS 'How well each outlet is covered and read, a row an outlet.';
COMMENT ON COLUMN marts.outlet_scorecard.outlet_domain IS 'Registered domain of the publisher; null for articles without a URL.';
COMMENT ON COLUMN marts.outlet_scorecard.outlet_name IS 'Name of the publisher; null when no article gives it.';
COMMENT ON COLUMN marts.outlet_scorecard.articles IS 'Its articles, copies of a story each counted.';
COMMENT ON COLUMN marts.outlet_scorecard.stories IS 'Its stories: copies of one story counted once.';
COMMENT ON COLUMN marts.outlet_scorecard.share_dated IS 'Share of its articles that say when they were published, 0 to 1.';
COMMENT ON COLUMN marts.outlet_scorecard.share_with_authors IS 'Share with a byline.';
COMMENT ON COLUMN marts.outlet_scorecard.share_truncated IS 'Share of which only a teaser was seen.';
COMMENT ON COLUMN marts.outlet_scorecard.share_shared IS 'Share that runs elsewhere too, as original or copy.';
COMMENT ON COLUMN marts.outlet_scorecard.share_with_warnings IS 'Share about which something was odd: see articles.warnings.';
COMMENT ON COLUMN marts.outlet_scorecard.share_corrected IS 'Share of which more than one version was loaded.';
COMMENT ON COLUMN marts.outlet_scorecard.mean_words IS 'Mean length in words, truncated articles left out; null when all are.';
COMMENT ON COLUMN marts.outlet_scorecard.first_fetched_at IS 'When the first was fetched, UTC.';
COMMENT ON COLUMN marts.outlet_scorecard.last_fetched_at IS 'When the last was fetched, UTC.';
