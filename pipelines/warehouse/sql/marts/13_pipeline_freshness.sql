-- Example: SELECT scraper, newest_message_at, hours_behind, delay_p50_s, delay_p95_s, is_quarantined FROM marts.pipeline_freshness ORDER BY hours_behind DESC, scraper LIMIT 10
CREATE OR REPLACE VIEW marts.pipeline_freshness AS
WITH newest AS (
    SELECT max(message_at) AS message_at FROM ledger
),
records AS (  -- 168 hours: seven days would depend on the time zone of the session
    SELECT
        coalesce(l.scraper, '(unknown)') AS scraper,
        l.message_at,
        CASE WHEN l.outcome IN ('loaded', 'new_version', 'new_reading') THEN b.loaded_at END AS loaded_at,
        CASE WHEN l.outcome IN ('loaded', 'new_version', 'new_reading') AND l.replayed_in IS NULL
            AND l.message_at > (SELECT message_at FROM newest) - INTERVAL '168 hours'
            THEN greatest(CAST(extract(epoch FROM b.loaded_at - l.message_at) AS DOUBLE PRECISION), 0) END AS delay_s
    FROM ledger l
    LEFT JOIN batches b ON b.batch_id = coalesce(l.replayed_in, l.batch_id)
),
seen AS (
    SELECT
        scraper,
        count(*) AS records,
        count(loaded_at) AS articles,
        max(message_at) AS newest_message_at,
        max(loaded_at) AS newest_load_at,
        count(delay_s) AS delays,
        CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY delay_s) AS DOUBLE PRECISION) AS delay_p50_s,
        CAST(percentile_cont(0.95) WITHIN GROUP (ORDER BY delay_s) AS DOUBLE PRECISION) AS delay_p95_s
    FROM records
    GROUP BY scraper
),
waiting AS (
    SELECT scraper, count(*) AS articles FROM quarantined_articles GROUP BY scraper
)
SELECT
    r.scraper, r.records, r.articles, r.newest_message_at, r.newest_load_at,
    CAST(extract(epoch FROM (SELECT message_at FROM newest) - r.newest_message_at) AS DOUBLE PRECISION) / 3600 AS hours_behind,
    r.delays, r.delay_p50_s, r.delay_p95_s,
    coalesce(s.state = 'quarantined', false) AS is_quarantined,
    CASE WHEN s.state = 'quarantined' THEN s.since END AS quarantined_since,
    CASE WHEN s.state = 'quarantined' THEN CAST(s.why AS VARCHAR) END AS quarantined_why,
    coalesce(w.articles, 0) AS waiting_articles
FROM seen r
LEFT JOIN scrapers s ON s.scraper = r.scraper
LEFT JOIN waiting w ON w.scraper = r.scraper;
COMMENT ON VIEW marts.pipeline_freshness IS 'How fresh the data of each scraper is, and which scrapers are quarantined: one row for each scraper. The lag (records in Kafka that no run has read yet) is not stored in the warehouse: `dateline status` shows it.';
COMMENT ON COLUMN marts.pipeline_freshness.scraper IS 'Name of the scraper that sent the records; (unknown) if the name could not be read.';
COMMENT ON COLUMN marts.pipeline_freshness.records IS 'Kafka records of the scraper that were read.';
COMMENT ON COLUMN marts.pipeline_freshness.articles IS 'Records that became a new article, a new version or a new reading.';
COMMENT ON COLUMN marts.pipeline_freshness.newest_message_at IS 'Timestamp of the scraper''s newest Kafka record, UTC.';
COMMENT ON COLUMN marts.pipeline_freshness.newest_load_at IS 'When an article of the scraper was last loaded, UTC; null if none was.';
COMMENT ON COLUMN marts.pipeline_freshness.hours_behind IS 'Hours between the scraper''s newest record and the newest record of all scrapers.';
COMMENT ON COLUMN marts.pipeline_freshness.delays IS 'Articles over which the delays are computed: those of the 168 hours before the newest record of all scrapers, without articles from a replay or a release.';
COMMENT ON COLUMN marts.pipeline_freshness.delay_p50_s IS 'Median delay in seconds from the Kafka record''s timestamp until its article was loaded; null if delays is 0.';
COMMENT ON COLUMN marts.pipeline_freshness.delay_p95_s IS '95th percentile of this delay in seconds, interpolated; null if delays is 0.';
COMMENT ON COLUMN marts.pipeline_freshness.is_quarantined IS 'Whether the scraper is quarantined: its articles wait until it is released.';
COMMENT ON COLUMN marts.pipeline_freshness.quarantined_since IS 'When the scraper was quarantined, UTC; null if it is not.';
COMMENT ON COLUMN marts.pipeline_freshness.quarantined_why IS 'Anomalies for which the scraper was quarantined, as a JSON list of objects with kind, seen, usual and words; null if it is not quarantined.';
COMMENT ON COLUMN marts.pipeline_freshness.waiting_articles IS 'Articles of the scraper that wait in quarantine.';
