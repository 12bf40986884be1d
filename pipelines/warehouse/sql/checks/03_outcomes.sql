-- Outcomes that nobody defined, or that lack what goes with them.
SELECT topic || '/' || partition || '@' || kafka_offset,
    'is ' || outcome || CASE WHEN outcome = 'rejected' THEN ' without a reason' WHEN outcome NOT IN
        ('loaded', 'new_version', 'new_reading', 'unchanged', 'deleted', 'nothing_to_delete', 'suppressed', 'quarantined', 'withdrawn') THEN ', which is no outcome'
        ELSE ' without an article' END
FROM ledger
WHERE topic = coalesce($topic, topic) AND (
    outcome NOT IN ('loaded', 'new_version', 'new_reading', 'unchanged', 'rejected', 'deleted', 'nothing_to_delete', 'suppressed', 'quarantined', 'withdrawn')
    OR (outcome = 'rejected' AND reason IS NULL)
    OR (outcome IN ('loaded', 'new_version', 'new_reading', 'unchanged') AND (article_id IS NULL OR version IS NULL))
    OR (outcome IN ('deleted', 'nothing_to_delete', 'suppressed', 'quarantined', 'withdrawn') AND article_id IS NULL))
ORDER BY topic, partition, kafka_offset;
