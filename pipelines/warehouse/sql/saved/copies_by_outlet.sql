-- How much of what each outlet publishes are copies of other articles?
SELECT
    outlet_domain, outlet_name, CAST(sum(articles) AS BIGINT) AS articles, CAST(sum(copies) AS BIGINT) AS copies,
    CAST(sum(copies) AS DOUBLE PRECISION) / CAST(sum(articles) AS DOUBLE PRECISION) AS share
FROM marts.daily_outlet_volume
GROUP BY outlet_domain, outlet_name
ORDER BY share DESC, articles DESC, outlet_domain;
