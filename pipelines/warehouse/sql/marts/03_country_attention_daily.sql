-- Example: SELECT day, country, articles, stories, mentions FROM marts.country_attention_daily ORDER BY stories DESC, day, country LIMIT 10
CREATE OR REPLACE VIEW marts.country_attention_daily AS
WITH uses AS (
    SELECT a.article_id, u.country,
        max(CASE WHEN u.type <> 'ORG' THEN 1 ELSE 0 END) AS is_named,
        sum(CASE WHEN u.type <> 'ORG' THEN u.mention_count ELSE 0 END) AS mentions,
        max(CASE WHEN u.type <> 'ORG' AND u.in_title THEN 1 ELSE 0 END) AS in_title,
        sum(CASE WHEN u.type <> 'ORG' THEN u.salience ELSE 0 END) AS salience,
        max(CASE WHEN u.type = 'ORG' THEN 1 ELSE 0 END) AS has_organisation,
        sum(CASE WHEN u.type = 'ORG' THEN u.mention_count ELSE 0 END) AS organisation_mentions,
        sum(CASE WHEN u.type = 'ORG' THEN u.salience ELSE 0 END) AS organisation_salience
    FROM article_entities u
    JOIN articles a ON a.article_id = u.article_id
    WHERE u.country IS NOT NULL
    GROUP BY a.article_id, u.country
)
SELECT
    CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE) AS day,
    s.country,
    CAST(sum(s.is_named) AS BIGINT) AS articles,
    count(DISTINCT CASE WHEN s.is_named = 1 THEN a.story_id END) AS stories,
    count(DISTINCT CASE WHEN s.is_named = 1 THEN a.outlet_domain END) AS outlets,
    CAST(sum(s.mentions) AS BIGINT) AS mentions,
    CAST(sum(s.in_title) AS BIGINT) AS in_titles,
    sum(s.salience) AS salience,
    count(CASE WHEN a.published_at IS NULL AND s.is_named = 1 THEN 1 END) AS undated,
    CAST(sum(s.has_organisation) AS BIGINT) AS organisation_articles,
    count(DISTINCT CASE WHEN s.has_organisation = 1 THEN a.story_id END) AS organisation_stories,
    CAST(sum(s.organisation_mentions) AS BIGINT) AS organisation_mentions,
    sum(s.organisation_salience) AS organisation_salience
FROM uses s
JOIN articles a ON a.article_id = s.article_id
GROUP BY CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE), s.country;
COMMENT ON VIEW marts.country_attention_daily IS 'Attention to each country by day: one row for each day and country.';
COMMENT ON COLUMN marts.country_attention_daily.day IS 'Day of publication in the time zone UTC, or the day of fetching for articles without a publication date (see undated).';
COMMENT ON COLUMN marts.country_attention_daily.country IS 'ISO 3166-1 alpha-2 code of the country, from places, demonyms and organisations. Organisations count only in the columns that begin with organisation_.';
COMMENT ON COLUMN marts.country_attention_daily.articles IS 'Articles that name the country or a place in it; every copy of a story counts.';
COMMENT ON COLUMN marts.country_attention_daily.stories IS 'Stories that name the country or a place in it; all copies of one story count once.';
COMMENT ON COLUMN marts.country_attention_daily.outlets IS 'Outlets whose articles name the country or a place in it; articles without an outlet are not counted.';
COMMENT ON COLUMN marts.country_attention_daily.mentions IS 'Mentions of the country and of places in it, in the bodies of all these articles.';
COMMENT ON COLUMN marts.country_attention_daily.in_titles IS 'Articles whose title names the country or a place in it.';
COMMENT ON COLUMN marts.country_attention_daily.salience IS 'Sum of the salience of the country and its places over these articles: attention, measured in articles.';
COMMENT ON COLUMN marts.country_attention_daily.undated IS 'Articles without a publication date, which are counted on their day of fetching.';
COMMENT ON COLUMN marts.country_attention_daily.organisation_articles IS 'Articles that name an organisation of the country, whether or not they name the country or a place in it.';
COMMENT ON COLUMN marts.country_attention_daily.organisation_stories IS 'Stories that name an organisation of the country; all copies of one story count once.';
COMMENT ON COLUMN marts.country_attention_daily.organisation_mentions IS 'Mentions of organisations of the country, in the bodies of all these articles.';
COMMENT ON COLUMN marts.country_attention_daily.organisation_salience IS 'Sum of the salience of organisations of the country over these articles.';
