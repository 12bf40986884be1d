-- What became of every Kafka record, in the end.
SELECT outcome, count(*) AS records FROM ledger GROUP BY outcome ORDER BY records DESC, outcome;
