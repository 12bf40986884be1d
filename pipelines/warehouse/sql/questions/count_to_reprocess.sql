-- The number of messages of a topic to process again: see to_reprocess.sql.
SELECT count(*)
FROM ledger l
JOIN batches b ON b.batch_id = coalesce(l.replayed_in, l.batch_id)
LEFT JOIN articles a ON a.article_id = l.article_id
WHERE l.topic = $topic
  AND (l.partition > CAST($partition AS INTEGER) OR (l.partition = CAST($partition AS INTEGER) AND l.kafka_offset > CAST($offset AS BIGINT)))
  AND l.outcome IN ('loaded', 'new_version', 'new_reading', 'unchanged', 'rejected', 'withdrawn')
  AND l.removed_in IS NULL
  AND NOT (b.kind = 'reprocess' AND b.processor = CAST($processor AS VARCHAR))
  AND (CAST($since AS TIMESTAMP WITH TIME ZONE) IS NULL OR l.message_at >= CAST($since AS TIMESTAMP WITH TIME ZONE))
  AND (CAST($until AS TIMESTAMP WITH TIME ZONE) IS NULL OR l.message_at < CAST($until AS TIMESTAMP WITH TIME ZONE))
  AND (CAST($scraper AS VARCHAR) IS NULL OR l.scraper = CAST($scraper AS VARCHAR))
  AND (CAST($outlet AS VARCHAR) IS NULL OR a.outlet_domain = CAST($outlet AS VARCHAR))
  AND (CAST($column AS VARCHAR) = '' OR CAST($is_equal AS BOOLEAN) = (coalesce(CASE CAST($column AS VARCHAR)
        WHEN 'processor' THEN b.processor WHEN 'outcome' THEN l.outcome WHEN 'reason' THEN l.reason END, '') = CAST($value AS VARCHAR)))
  AND CAST($most AS BIGINT) > 0;
