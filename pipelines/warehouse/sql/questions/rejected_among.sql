-- Those of these messages that are rejected.
SELECT topic, partition, kafka_offset FROM ledger
WHERE topic = $topic AND partition = CAST($partition AS INTEGER) AND kafka_offset = ANY(CAST($offsets AS BIGINT[]))
  AND outcome = 'rejected' AND removed_in IS NULL
ORDER BY partition, kafka_offset;
