-- Scrapers of the newest audited batch that sent too few records for their shares to be judged.
SELECT s.source, s.records
FROM source_batches s
WHERE s.records < ? AND s.batch_id = (
    SELECT batch_id FROM batches WHERE verdict IS NOT NULL ORDER BY published_at DESC, batch_id DESC LIMIT 1
)
ORDER BY s.source;
