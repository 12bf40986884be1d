-- Example: SELECT day, country, articles, stories, mentions FROM marts.country_attention_daily ORDER BY stories DESC, day, country LIMIT 10
CREATE OR REPLACE VIEW marts.country_attention_daily AS
WITH shared AS (  -- stories of several articles: of all others each article is one, which is counted without comparing any
    SELECT DISTINCT story_id FROM articles WHERE story_id <> article_id
),
uses AS (
    SELECT u.article_id, u.country, CAST(u.dated_at AT TIME ZONE 'UTC' AS DATE) AS day,
        max(CASE WHEN u.is_dated THEN 1 ELSE 0 END) AS is_dated,
        max(CASE WHEN u.type <> 'ORG' THEN 1 ELSE 0 END) AS is_named,
        sum(CASE WHEN u.type <> 'ORG' THEN u.mention_count ELSE 0 END) AS mentions,
        max(CASE WHEN u.type <> 'ORG' AND u.in_title THEN 1 ELSE 0 END) AS in_title,
        sum(CASE WHEN u.type <> 'ORG' THEN u.salience ELSE 0 END) AS salience,
        max(CASE WHEN u.type = 'ORG' THEN 1 ELSE 0 END) AS has_organisation,
        sum(CASE WHEN u.type = 'ORG' THEN u.mention_count ELSE 0 END) AS organisation_mentions,
        sum(CASE WHEN u.type = 'ORG' THEN u.salience ELSE 0 END) AS organisation_salience
    FROM article_entities u
    WHERE u.country IS NOT NULL
    GROUP BY u.article_id, u.country, CAST(u.dated_at AT TIME ZONE 'UTC' AS DATE)
),
parts AS (  -- one above the other and not joined, so that a condition on the day reaches all of them
    SELECT
        s.day,
        s.country,
        sum(s.is_named) AS articles,
        0 AS copies,
        0 AS outlets,
        sum(s.mentions) AS mentions,
        sum(s.in_title) AS in_titles,
        sum(s.salience) AS salience,
        count(CASE WHEN s.is_dated = 0 AND s.is_named = 1 THEN 1 END) AS undated,
        sum(s.has_organisation) AS organisation_articles,
        0 AS organisation_copies,
        sum(s.organisation_mentions) AS organisation_mentions,
        sum(s.organisation_salience) AS organisation_salience
    FROM uses s
    GROUP BY s.day, s.country
    UNION ALL
    SELECT
        CAST(u.dated_at AT TIME ZONE 'UTC' AS DATE), u.country, 0, 0, count(DISTINCT u.outlet_domain), 0, 0, 0, 0, 0, 0, 0, 0
    FROM article_entities u
    WHERE u.country IS NOT NULL AND u.type <> 'ORG'
    GROUP BY CAST(u.dated_at AT TIME ZONE 'UTC' AS DATE), u.country
    UNION ALL
    SELECT  -- copies are the articles beyond the first of each story
        CAST(u.dated_at AT TIME ZONE 'UTC' AS DATE),
        u.country,
        0,
        count(DISTINCT CASE WHEN u.type <> 'ORG' THEN u.article_id END)
            - count(DISTINCT CASE WHEN u.type <> 'ORG' THEN u.story_id END),
        0, 0, 0, 0, 0, 0,
        count(DISTINCT CASE WHEN u.type = 'ORG' THEN u.article_id END)
            - count(DISTINCT CASE WHEN u.type = 'ORG' THEN u.story_id END),
        0, 0
    FROM article_entities u
    JOIN shared s ON s.story_id = u.story_id
    WHERE u.country IS NOT NULL
    GROUP BY CAST(u.dated_at AT TIME ZONE 'UTC' AS DATE), u.country
)
SELECT
    p.day,
    p.country,
    CAST(sum(p.articles) AS BIGINT) AS articles,
    CAST(sum(p.articles) - sum(p.copies) AS BIGINT) AS stories,
    CAST(sum(p.outlets) AS BIGINT) AS outlets,
    CAST(sum(p.mentions) AS BIGINT) AS mentions,
    CAST(sum(p.in_titles) AS BIGINT) AS in_titles,
    CAST(sum(p.salience) AS DOUBLE PRECISION) AS salience,
    CAST(sum(p.undated) AS BIGINT) AS undated,
    CAST(sum(p.organisation_articles) AS BIGINT) AS organisation_articles,
    CAST(sum(p.organisation_articles) - sum(p.organisation_copies) AS BIGINT) AS organisation_stories,
    CAST(sum(p.organisation_mentions) AS BIGINT) AS organisation_mentions,
    CAST(sum(p.organisation_salience) AS DOUBLE PRECISION) AS organisation_salience
FROM parts p
GROUP BY p.day, p.country;
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
