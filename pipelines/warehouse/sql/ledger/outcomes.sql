-- Outcomes of the records of a range of offsets.
SELECT outcome, count(*) FROM ledger
WHERE topic = $topic AND partition = $partition AND kafka_offset >= $start AND kafka_offset < $end
GROUP BY outcome
ORDER BY outcome;
