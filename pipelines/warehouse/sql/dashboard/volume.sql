-- Articles by day between two days, of one outlet or of all (null).
SELECT
    day, CAST(sum(articles) AS BIGINT) AS articles, CAST(sum(copies) AS BIGINT) AS copies,
    count(DISTINCT outlet_domain) AS outlets
FROM marts.daily_outlet_volume
WHERE day BETWEEN $1 AND $2 AND (CAST($3 AS VARCHAR) IS NULL OR outlet_domain = $3)
GROUP BY day
ORDER BY day;
