-- Example: SELECT day, country, articles, stories, mentions FROM marts.country_attention_daily ORDER BY stories DESC, day, country LIMIT 10
CREATE OR REPLACE VIEW marts.country_attention_daily AS
WITH uses AS (
    SELECT a.article_id, u.country, sum(u.mention_count) AS mentions, max(CASE WHEN u.in_title THEN 1 ELSE 0 END) AS in_title,
        sum(u.salience) AS salience
    FROM article_entities u
    JOIN articles a ON a.article_id = u.article_id
    WHERE u.country IS NOT NULL
    GROUP BY a.article_id, u.country
)
SELECT
    CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE) AS day,
    s.country,
    count(*) AS articles,
    count(DISTINCT a.story_id) AS stories,
    count(DISTINCT a.outlet_domain) AS outlets,
    CAST(sum(s.mentions) AS BIGINT) AS mentions,
    CAST(sum(s.in_title) AS BIGINT) AS in_titles,
    sum(s.salience) AS salience,
    count(CASE WHEN a.published_at IS NULL THEN 1 END) AS undated
FROM uses s
JOIN articles a ON a.article_id = s.article_id
GROUP BY CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE), s.country;
COMMENT ON VIEW marts.country_attention_daily IS 'Attention to each country by day: one row for each day and country.';
COMMENT ON COLUMN marts.country_attention_daily.day IS 'UTC day of publication, or the UTC day of fetching for articles without a publication date (see undated).';
COMMENT ON COLUMN marts.country_attention_daily.country IS 'ISO 3166-1 alpha-2 code of the country, from places and from demonyms.';
COMMENT ON COLUMN marts.country_attention_daily.articles IS 'Articles that name the country or a place in it; every copy of a story counts.';
COMMENT ON COLUMN marts.country_attention_daily.stories IS 'Stories that name the country or a place in it; all copies of one story count once.';
COMMENT ON COLUMN marts.country_attention_daily.outlets IS 'Outlets whose articles name the country or a place in it; articles without an outlet are not counted.';
COMMENT ON COLUMN marts.country_attention_daily.mentions IS 'Mentions of the country and of places in it, in the bodies of all these articles.';
COMMENT ON COLUMN marts.country_attention_daily.in_titles IS 'Articles whose title names the country or a place in it.';
COMMENT ON COLUMN marts.country_attention_daily.salience IS 'Sum of the salience of the country and its places over these articles: attention, measured in articles.';
COMMENT ON COLUMN marts.country_attention_daily.undated IS 'Articles without a publication date, which are counted on their day of fetching.';
