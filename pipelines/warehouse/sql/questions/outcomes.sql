-- The whole ledger by outcome.
SELECT outcome, count(*) AS records FROM ledger GROUP BY outcome ORDER BY records DESC, outcome;
