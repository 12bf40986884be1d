-- A record of which the batch removed what there was, or kept out what it carried, on a delete request.
SELECT 1 FROM ledger WHERE removed_in = $1 OR (batch_id = $1 AND outcome = 'suppressed') LIMIT 1;
