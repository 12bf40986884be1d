-- Example: SELECT reason, scraper, records, example_id FROM marts.rejections ORDER BY records DESC, reason, scraper
CREATE OR REPLACE VIEW marts.rejections AS
WITH newest AS (
    SELECT d.*, row_number() OVER (
        PARTITION BY d.topic, d.reason, coalesce(d.scraper, '(unknown)') ORDER BY d.message_at DESC, d.dead_letter_id
    ) AS rank
    FROM dead_letters d
    WHERE d.resolved_at IS NULL AND d.removed_in IS NULL
)
SELECT
    n.topic,
    n.reason,
    coalesce(n.scraper, '(unknown)') AS scraper,
    count(*) AS records,
    min(n.message_at) AS first_message_at,
    max(n.message_at) AS last_message_at,
    max(CASE WHEN n.rank = 1 THEN n.step END) AS example_step,
    max(CASE WHEN n.rank = 1 THEN n.dead_letter_id END) AS example_id,
    max(CASE WHEN n.rank = 1 THEN CAST(n.details AS VARCHAR) END) AS example_details
FROM newest n
GROUP BY n.topic, n.reason, coalesce(n.scraper, '(unknown)');
COMMENT ON VIEW marts.rejections IS 'Records that are rejected at present, with an example: one row for each topic, reason and scraper.';
COMMENT ON COLUMN marts.rejections.topic IS 'Kafka topic.';
COMMENT ON COLUMN marts.rejections.reason IS 'Name of the rule that the records violate; docs/rejected.md lists them.';
COMMENT ON COLUMN marts.rejections.scraper IS 'Name of the scraper that sent the records; (unknown) if the name could not be read.';
COMMENT ON COLUMN marts.rejections.records IS 'Number of rejected Kafka records.';
COMMENT ON COLUMN marts.rejections.first_message_at IS 'Timestamp of the oldest of these Kafka records, UTC.';
COMMENT ON COLUMN marts.rejections.last_message_at IS 'Timestamp of the newest of these Kafka records, UTC.';
COMMENT ON COLUMN marts.rejections.example_step IS 'Step that rejected the newest of these records.';
COMMENT ON COLUMN marts.rejections.example_id IS 'Dead letter of the newest of these records: the argument of `dateline rejected show`.';
COMMENT ON COLUMN marts.rejections.example_details IS 'Violations of the newest of these records, as a JSON list of objects with field, expectation and value.';
