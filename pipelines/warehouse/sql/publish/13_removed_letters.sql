-- Dead letters of records that a delete request covers: their content goes, the fact that they were rejected stays.
CREATE TEMP TABLE emptied_letters AS
SELECT d.dead_letter_id, d.original_path
FROM dead_letters d
JOIN (
    SELECT topic, partition, kafka_offset FROM removed_records
    UNION SELECT topic, partition, kafka_offset FROM resolution WHERE is_removed OR outcome = 'suppressed'
) r ON r.topic = d.topic AND r.partition = d.partition AND r.kafka_offset = d.kafka_offset
WHERE d.removed_in IS NULL;

UPDATE dead_letters SET
    details = '[]', message_key = NULL, header_names = [], header_values = [], original = NULL, original_path = NULL,
    resolved_at = coalesce(resolved_at, b.published_at), removed_in = b.batch_id
FROM emptied_letters e
CROSS JOIN this_batch b
WHERE e.dead_letter_id = dead_letters.dead_letter_id;

DELETE FROM outbox WHERE dead_letter_id IN (SELECT dead_letter_id FROM emptied_letters);

INSERT INTO removed_originals (original_path, batch_id)
SELECT DISTINCT e.original_path, b.batch_id
FROM emptied_letters e
CROSS JOIN this_batch b
WHERE e.original_path IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM removed_originals o WHERE o.original_path = e.original_path);
