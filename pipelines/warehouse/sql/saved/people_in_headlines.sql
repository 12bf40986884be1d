-- Which people are in headlines, and which are only named in texts?
-- Parameter: rows integer = 20: Number of rows.
SELECT
    name, CAST(sum(articles) AS BIGINT) AS articles, CAST(sum(in_titles) AS BIGINT) AS in_titles,
    CAST(sum(in_titles) AS DOUBLE PRECISION) / CAST(sum(articles) AS DOUBLE PRECISION) AS share
FROM marts.entity_attention_daily
WHERE type = 'PER'
GROUP BY entity_id, name
ORDER BY in_titles DESC, articles DESC, name, entity_id
LIMIT CAST($rows AS INTEGER);
