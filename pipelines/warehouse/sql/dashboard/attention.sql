-- Whom and what a week's stories name most, of one type or of all (null) and of one country or of all (null), and how many
-- stories did in the week before: first day and last day of the week, first day of the week before.
SELECT
    entity_id, max(name) AS name, max(type) AS type, max(country) AS country,
    CAST(sum(CASE WHEN day >= $1 THEN stories ELSE 0 END) AS BIGINT) AS stories,
    CAST(sum(CASE WHEN day < $1 THEN stories ELSE 0 END) AS BIGINT) AS before,
    CAST(sum(CASE WHEN day >= $1 THEN mentions ELSE 0 END) AS BIGINT) AS mentions
FROM marts.entity_attention_daily
WHERE day BETWEEN $3 AND $2
    AND (CAST($4 AS VARCHAR) IS NULL OR type = $4) AND (CAST($5 AS VARCHAR) IS NULL OR country = $5)
GROUP BY entity_id
HAVING sum(CASE WHEN day >= $1 THEN stories ELSE 0 END) > 0
ORDER BY stories DESC, name, entity_id
LIMIT 300;
