-- Example: SELECT day, scraper, records, share_rejected, top_reason FROM marts.pipeline_health ORDER BY day DESC, records DESC LIMIT 10
CREATE OR REPLACE VIEW marts.pipeline_health AS
WITH records AS (
    SELECT CAST(message_at AT TIME ZONE 'UTC' AS DATE) AS day, coalesce(scraper, '(unknown)') AS scraper, outcome, reason, topic
    FROM ledger
),
reasons AS (
    SELECT day, topic, scraper, reason, row_number() OVER (PARTITION BY day, topic, scraper ORDER BY count(*) DESC, reason) AS rank
    FROM records WHERE outcome = 'rejected' GROUP BY day, topic, scraper, reason
)
SELECT
    r.day,
    r.topic,
    r.scraper,
    count(*) AS records,
    count(CASE WHEN r.outcome = 'loaded' THEN 1 END) AS loaded,
    count(CASE WHEN r.outcome = 'new_version' THEN 1 END) AS new_version,
    count(CASE WHEN r.outcome = 'new_reading' THEN 1 END) AS new_reading,
    count(CASE WHEN r.outcome = 'unchanged' THEN 1 END) AS unchanged,
    count(CASE WHEN r.outcome = 'rejected' THEN 1 END) AS rejected,
    count(CASE WHEN r.outcome = 'deleted' THEN 1 END) AS deleted,
    count(CASE WHEN r.outcome = 'nothing_to_delete' THEN 1 END) AS nothing_to_delete,
    count(CASE WHEN r.outcome = 'suppressed' THEN 1 END) AS suppressed,
    count(CASE WHEN r.outcome = 'quarantined' THEN 1 END) AS quarantined,
    count(CASE WHEN r.outcome = 'withdrawn' THEN 1 END) AS withdrawn,
    count(CASE WHEN r.outcome = 'rejected' THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_rejected,
    count(CASE WHEN r.reason = 'UnexpectedFault' THEN 1 END) AS unexpected_faults,
    max(t.reason) AS top_reason
FROM records r
LEFT JOIN reasons t ON t.day = r.day AND t.topic = r.topic AND t.scraper = r.scraper AND t.rank = 1
GROUP BY r.day, r.topic, r.scraper;
COMMENT ON VIEW marts.pipeline_health IS 'Outcomes of the records of each scraper: one row for each day, topic and scraper.';
COMMENT ON COLUMN marts.pipeline_health.day IS 'Day of the Kafka record''s timestamp, in the time zone UTC.';
COMMENT ON COLUMN marts.pipeline_health.topic IS 'Kafka topic.';
COMMENT ON COLUMN marts.pipeline_health.scraper IS 'Name of the scraper that sent the records; (unknown) if the name could not be read.';
COMMENT ON COLUMN marts.pipeline_health.records IS 'Number of Kafka records.';
COMMENT ON COLUMN marts.pipeline_health.loaded IS 'Records that became a new article.';
COMMENT ON COLUMN marts.pipeline_health.new_version IS 'Records that became a new version of an article.';
COMMENT ON COLUMN marts.pipeline_health.new_reading IS 'Records with a known text that became a new reading of it.';
COMMENT ON COLUMN marts.pipeline_health.unchanged IS 'Records with a known text and nothing new.';
COMMENT ON COLUMN marts.pipeline_health.rejected IS 'Records that are still rejected.';
COMMENT ON COLUMN marts.pipeline_health.deleted IS 'Delete requests that removed something.';
COMMENT ON COLUMN marts.pipeline_health.nothing_to_delete IS 'Delete requests that found nothing to remove.';
COMMENT ON COLUMN marts.pipeline_health.suppressed IS 'Records that must not be loaded, because the article is suppressed or a delete request covers the record.';
COMMENT ON COLUMN marts.pipeline_health.quarantined IS 'Records that wait because their scraper is quarantined.';
COMMENT ON COLUMN marts.pipeline_health.withdrawn IS 'Records whose text is no article by the rules of a reprocess.';
COMMENT ON COLUMN marts.pipeline_health.share_rejected IS 'Share of the records that are rejected, 0 to 1.';
COMMENT ON COLUMN marts.pipeline_health.unexpected_faults IS 'Rejected records with the reason UnexpectedFault, a bug in Dateline.';
COMMENT ON COLUMN marts.pipeline_health.top_reason IS 'The most frequent reason for rejection; null if no record is rejected.';
