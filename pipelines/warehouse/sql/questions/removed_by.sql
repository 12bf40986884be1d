-- Records whose content the batch removed on a delete request, and records of the batch that one kept out.
SELECT topic, partition, kafka_offset FROM ledger
WHERE topic = $1 AND (removed_in = $2 OR (outcome = 'suppressed' AND (batch_id = $2 OR replayed_in = $2)));
