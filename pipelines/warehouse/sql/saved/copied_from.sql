-- Which outlets run the stories of which others?
SELECT s.first_outlet_domain, a.outlet_domain, count(*) AS articles
FROM marts.syndication s
JOIN articles a ON a.story_id = s.story_id
WHERE a.article_id <> s.first_article_id
GROUP BY s.first_outlet_domain, a.outlet_domain
ORDER BY articles DESC, s.first_outlet_domain, a.outlet_domain;
