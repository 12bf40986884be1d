-- Example: SELECT day, name, type, articles, stories FROM marts.entity_attention_daily WHERE type = 'PER' ORDER BY stories DESC, day LIMIT 10
CREATE OR REPLACE VIEW marts.entity_attention_daily AS
SELECT
    d.day, d.entity_id, e.name, e.type, e.country, d.articles, d.stories, d.outlets, d.mentions, d.in_titles, d.salience,
    d.undated, e.occupation
FROM attention.days d
JOIN entities e ON e.entity_id = d.entity_id;
COMMENT ON VIEW marts.entity_attention_daily IS 'Attention to each entity by day: one row for each day and entity.';
COMMENT ON COLUMN marts.entity_attention_daily.day IS 'Day of publication in the time zone UTC, or the day of fetching for articles without a publication date (see undated).';
COMMENT ON COLUMN marts.entity_attention_daily.entity_id IS 'Stable identity of the entity.';
COMMENT ON COLUMN marts.entity_attention_daily.name IS 'The name that most articles give the entity.';
COMMENT ON COLUMN marts.entity_attention_daily.type IS 'Type of the entity: PER, LOC, ORG or MISC.';
COMMENT ON COLUMN marts.entity_attention_daily.country IS 'ISO 3166-1 alpha-2 code of the entity''s country; null if it is not known.';
COMMENT ON COLUMN marts.entity_attention_daily.articles IS 'Articles that name the entity; every copy of a story counts.';
COMMENT ON COLUMN marts.entity_attention_daily.stories IS 'Stories that name the entity; all copies of one story count once.';
COMMENT ON COLUMN marts.entity_attention_daily.outlets IS 'Outlets whose articles name the entity; articles without an outlet are not counted.';
COMMENT ON COLUMN marts.entity_attention_daily.mentions IS 'Mentions of the entity in the bodies of all these articles.';
COMMENT ON COLUMN marts.entity_attention_daily.in_titles IS 'Articles whose title names the entity.';
COMMENT ON COLUMN marts.entity_attention_daily.salience IS 'Sum of the entity''s salience over these articles: attention, measured in articles.';
COMMENT ON COLUMN marts.entity_attention_daily.undated IS 'Articles without a publication date, which are counted on their day of fetching.';
COMMENT ON COLUMN marts.entity_attention_daily.occupation IS 'Kind of occupation that most articles state for a person; null if none does. It distinguishes namesakes.';
