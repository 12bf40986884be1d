-- Scrapers of the newest audited batch that sent too few records for their shares to be judged.
SELECT s.scraper, s.records
FROM scraper_batches s
WHERE s.records < ? AND s.batch_id = (
    SELECT batch_id FROM batches WHERE verdict IS NOT NULL ORDER BY loaded_at DESC, batch_id DESC LIMIT 1
)
ORDER BY s.scraper;
