-- At which hours of the day (UTC) are articles published?
SELECT CAST(extract(hour FROM published_at AT TIME ZONE 'UTC') AS INTEGER) AS hour, count(*) AS articles
FROM articles
WHERE published_at IS NOT NULL
GROUP BY CAST(extract(hour FROM published_at AT TIME ZONE 'UTC') AS INTEGER)
ORDER BY hour;
