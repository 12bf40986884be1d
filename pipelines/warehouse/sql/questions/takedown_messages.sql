-- Coordinates of the records of which a takedown removed something, or whose articles it redacted.
SELECT topic, partition, kafka_offset FROM ledger WHERE removed_in LIKE $1 || '-%'
UNION
SELECT topic, partition, kafka_offset FROM ledger
WHERE article_id IN (SELECT article_id FROM redactions WHERE takedown_id = $1)
ORDER BY 1, 2, 3;
