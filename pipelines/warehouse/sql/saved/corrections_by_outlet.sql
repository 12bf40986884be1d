-- How often, and how soon, do outlets change articles after publication?
SELECT
    outlet_domain, count(DISTINCT article_id) AS articles, count(*) AS changes,
    count(CASE WHEN is_title_changed THEN 1 END) AS changed_titles,
    count(CASE WHEN is_body_changed THEN 1 END) AS changed_bodies,
    CAST(avg(hours_since_first) AS DOUBLE PRECISION) AS mean_hours
FROM marts.corrections
WHERE NOT has_teaser
GROUP BY outlet_domain
ORDER BY changes DESC, outlet_domain;
