-- Quarantined scrapers with the number of their articles that wait; those with the most first.
SELECT s.scraper, count(q.scraper) AS articles
FROM scrapers s
LEFT JOIN quarantined_articles q ON q.scraper = s.scraper
WHERE s.state = 'quarantined'
GROUP BY s.scraper
ORDER BY articles DESC, s.scraper;
