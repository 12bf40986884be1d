-- Which outlets are first with stories that others run too?
SELECT
    first_outlet_domain, count(*) AS stories, CAST(sum(articles - 1) AS BIGINT) AS copies,
    CAST(avg(spread_hours) AS DOUBLE PRECISION) AS mean_spread_hours
FROM marts.syndication
GROUP BY first_outlet_domain
ORDER BY stories DESC, copies DESC, first_outlet_domain;
