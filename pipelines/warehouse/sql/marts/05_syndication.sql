-- Example: SELECT title, articles, outlets, spread_hours FROM marts.syndication ORDER BY articles DESC, story_id LIMIT 10
CREATE OR REPLACE VIEW marts.syndication AS
WITH shared AS (  -- stories of several articles: of all others each article is one, which is counted without comparing any
    SELECT DISTINCT story_id FROM articles WHERE story_id <> article_id
),
ranked AS (
    SELECT a.*, row_number() OVER (PARTITION BY a.story_id ORDER BY coalesce(a.published_at, a.fetched_at), a.article_id) AS rank
    FROM articles a
    JOIN shared s ON s.story_id = a.story_id
)
SELECT
    r.story_id,
    max(CASE WHEN r.rank = 1 THEN r.article_id END) AS first_article_id,
    max(CASE WHEN r.rank = 1 THEN r.title END) AS title,
    max(CASE WHEN r.rank = 1 THEN r.outlet_domain END) AS first_outlet_domain,
    count(*) AS articles,
    count(DISTINCT r.outlet_domain) AS outlets,
    min(coalesce(r.published_at, r.fetched_at)) AS first_at,
    max(coalesce(r.published_at, r.fetched_at)) AS last_at,
    CAST(extract(epoch FROM max(coalesce(r.published_at, r.fetched_at)) - min(coalesce(r.published_at, r.fetched_at)))
        AS DOUBLE PRECISION) / 3600 AS spread_hours
FROM ranked r
GROUP BY r.story_id
HAVING count(*) > 1;
COMMENT ON VIEW marts.syndication IS 'Stories that were published as more than one article: one row for each story.';
COMMENT ON COLUMN marts.syndication.story_id IS 'Identity of the story: the article_id of its first loaded article.';
COMMENT ON COLUMN marts.syndication.first_article_id IS 'The article of the story that was published first; an article without a publication date counts from when it was fetched.';
COMMENT ON COLUMN marts.syndication.title IS 'Headline of the first article.';
COMMENT ON COLUMN marts.syndication.first_outlet_domain IS 'Outlet of the first article.';
COMMENT ON COLUMN marts.syndication.articles IS 'Articles that carry the story.';
COMMENT ON COLUMN marts.syndication.outlets IS 'Outlets that carry the story; articles without an outlet are not counted.';
COMMENT ON COLUMN marts.syndication.first_at IS 'When the first article was published (or fetched, if it has no publication date), UTC.';
COMMENT ON COLUMN marts.syndication.last_at IS 'When the last article was published (or fetched, if it has no publication date), UTC.';
COMMENT ON COLUMN marts.syndication.spread_hours IS 'Hours between first_at and last_at.';
