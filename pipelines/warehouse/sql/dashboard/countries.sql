-- Stories that name each country in a week and in the week before: first day and last day of the week, first day of the week before.
SELECT
    country,
    CAST(sum(CASE WHEN day >= $1 THEN stories ELSE 0 END) AS BIGINT) AS stories,
    CAST(sum(CASE WHEN day < $1 THEN stories ELSE 0 END) AS BIGINT) AS before,
    CAST(sum(CASE WHEN day >= $1 THEN mentions ELSE 0 END) AS BIGINT) AS mentions
FROM marts.country_attention_daily
WHERE day BETWEEN $3 AND $2
GROUP BY country
HAVING sum(CASE WHEN day >= $1 THEN stories ELSE 0 END) > 0
ORDER BY stories DESC, country;
