-- The figures of each scraper in its last batch of a run, and in the batches before that the drift check compares.
WITH last AS (
    SELECT s.scraper, max(s.position) AS position
    FROM scraper_batches s
    JOIN batches b ON b.batch_id = s.batch_id
    WHERE b.run_id = ?
    GROUP BY s.scraper
),
ranked AS (
    SELECT s.*, l.position = s.position AS is_last, row_number() OVER (
        PARTITION BY s.scraper, l.position = s.position ORDER BY s.position DESC
    ) AS rank
    FROM scraper_batches s
    JOIN last l ON l.scraper = s.scraper AND s.position > l.position - 1000
    WHERE s.position = l.position OR (s.position < l.position AND s.is_compared)
)
SELECT
    is_last, is_quarantined, batch_id, scraper, records, rejected, consent_walls, articles, dates_ahead, words,
    words_low, words_high, languages, last_message_at
FROM ranked
WHERE rank <= ?
ORDER BY scraper, is_last DESC, rank;
