-- Who was named in the most stories of the last days?
-- Parameter: days integer = 7: Number of days, up to the newest day with articles.
-- Parameter: rows integer = 20: Number of rows.
WITH newest AS (
    SELECT max(last_day) AS day FROM marts.entities_rising
)
SELECT
    name, occupation, CAST(sum(stories) AS BIGINT) AS stories, CAST(sum(articles) AS BIGINT) AS articles,
    CAST(sum(in_titles) AS BIGINT) AS in_titles
FROM marts.entity_attention_daily
WHERE type = 'PER'
    AND day > (SELECT day FROM newest) - CAST($days AS INTEGER) AND day <= (SELECT day FROM newest)
GROUP BY entity_id, name, occupation
ORDER BY stories DESC, articles DESC, name, entity_id
LIMIT CAST($rows AS INTEGER);
