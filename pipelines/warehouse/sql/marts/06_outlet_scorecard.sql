-- Example: SELECT outlet_domain, articles, share_dated, share_with_authors, share_truncated FROM marts.outlet_scorecard ORDER BY articles DESC, outlet_domain
CREATE OR REPLACE VIEW marts.outlet_scorecard AS
WITH copies AS (
    SELECT DISTINCT story_id FROM articles WHERE story_id <> article_id
),
sizes AS (  -- only of stories that may have several articles
    SELECT a.story_id, count(*) AS articles FROM articles a JOIN copies c ON c.story_id = a.story_id GROUP BY a.story_id
)
SELECT
    a.outlet_domain,
    max(o.name) AS outlet_name,
    count(*) AS articles,
    count(*) - count(s.story_id) + count(DISTINCT s.story_id) AS stories,
    count(CASE WHEN a.published_at IS NOT NULL THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_dated,
    count(CASE WHEN coalesce(array_length(a.authors, 1), 0) > 0 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_with_authors,
    count(CASE WHEN a.is_truncated THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_truncated,
    count(CASE WHEN s.articles > 1 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_shared,
    count(CASE WHEN coalesce(array_length(a.warnings, 1), 0) > 0 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_with_warnings,
    count(CASE WHEN a.version > 1 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_corrected,
    CAST(avg(CASE WHEN NOT a.is_truncated AND a.word_count > 0 THEN a.word_count END) AS DOUBLE PRECISION) AS mean_words,
    min(a.fetched_at) AS first_fetched_at,
    max(a.last_fetched_at) AS last_fetched_at
FROM articles a
LEFT JOIN sizes s ON s.story_id = a.story_id
LEFT JOIN outlets o ON o.domain = a.outlet_domain
GROUP BY a.outlet_domain;
COMMENT ON VIEW marts.outlet_scorecard IS 'Completeness of the articles of each outlet: one row for each outlet.';
COMMENT ON COLUMN marts.outlet_scorecard.outlet_domain IS 'Registered domain of the publisher; null for articles without a URL.';
COMMENT ON COLUMN marts.outlet_scorecard.outlet_name IS 'Name of the publisher; null if no article gives one.';
COMMENT ON COLUMN marts.outlet_scorecard.articles IS 'Articles of the outlet; every copy of a story counts.';
COMMENT ON COLUMN marts.outlet_scorecard.stories IS 'Stories of the outlet; all copies of one story count once.';
COMMENT ON COLUMN marts.outlet_scorecard.share_dated IS 'Share of the outlet''s articles that have a publication date, 0 to 1.';
COMMENT ON COLUMN marts.outlet_scorecard.share_with_authors IS 'Share of the outlet''s articles that have a byline, 0 to 1.';
COMMENT ON COLUMN marts.outlet_scorecard.share_truncated IS 'Share of the outlet''s articles that have only a teaser as body, 0 to 1.';
COMMENT ON COLUMN marts.outlet_scorecard.share_shared IS 'Share of the outlet''s articles whose story other articles carry too, as original or copy, 0 to 1.';
COMMENT ON COLUMN marts.outlet_scorecard.share_with_warnings IS 'Share of the outlet''s articles that have warnings (see articles.warnings), 0 to 1.';
COMMENT ON COLUMN marts.outlet_scorecard.share_corrected IS 'Share of the outlet''s articles that were loaded in more than one version, 0 to 1.';
COMMENT ON COLUMN marts.outlet_scorecard.mean_words IS 'Mean number of words of the articles that are not truncated; null if all are.';
COMMENT ON COLUMN marts.outlet_scorecard.first_fetched_at IS 'When the outlet''s first article was fetched, UTC.';
COMMENT ON COLUMN marts.outlet_scorecard.last_fetched_at IS 'When the outlet''s last article was fetched, UTC.';
