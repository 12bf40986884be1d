-- Why were pages rejected, from which scrapers, and which dead letter is an example?
SELECT
    coalesce(l.scraper, '(unknown)') AS scraper, l.reason, count(*) AS records, max(l.message_at) AS last_message_at,
    min(d.dead_letter_id) AS an_example
FROM ledger l
LEFT JOIN dead_letters d ON d.topic = l.topic AND d.partition = l.partition AND d.kafka_offset = l.kafka_offset
WHERE l.outcome = 'rejected'
GROUP BY coalesce(l.scraper, '(unknown)'), l.reason
ORDER BY records DESC, scraper, l.reason;
