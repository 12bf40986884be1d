-- Stories that name each country in a week, and on average in a week of the four before: first day, last day, day before which the past ends, its first day.
SELECT
    country,
    CAST(sum(CASE WHEN day >= $1 THEN stories ELSE 0 END) AS BIGINT) AS stories,
    CAST(sum(CASE WHEN day < $1 THEN stories ELSE 0 END) AS DOUBLE PRECISION) / 4 AS usual,
    CAST(sum(CASE WHEN day >= $1 THEN mentions ELSE 0 END) AS BIGINT) AS mentions
FROM marts.country_attention_daily
WHERE day BETWEEN $3 AND $2
GROUP BY country
HAVING sum(CASE WHEN day >= $1 THEN stories ELSE 0 END) > 0
ORDER BY stories DESC, country;
