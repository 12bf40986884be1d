-- Each scraper: its records, how fresh it is, and whether it is quarantined.
WITH refused AS (
    SELECT scraper, CAST(sum(records) AS BIGINT) AS records FROM marts.rejections GROUP BY scraper
)
SELECT
    f.scraper, f.records, f.articles, coalesce(r.records, 0) AS rejected, f.newest_message_at, f.newest_load_at,
    f.delay_p50_s, f.delay_p95_s, f.is_quarantined
FROM marts.pipeline_freshness f
LEFT JOIN refused r ON r.scraper = f.scraper
ORDER BY f.records DESC, f.scraper;
