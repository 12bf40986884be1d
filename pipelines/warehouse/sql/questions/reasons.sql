-- Records that are rejected still, by reason.
SELECT reason, count(*) AS records FROM ledger WHERE outcome = 'rejected' AND removed_in IS NULL GROUP BY reason ORDER BY records DESC, reason;
