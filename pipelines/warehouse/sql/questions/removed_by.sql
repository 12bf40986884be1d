-- Records whose content the batch removed, and records of the batch that were kept out, or in which a name was redacted.
SELECT topic, partition, kafka_offset FROM ledger
WHERE topic = $1 AND (
    removed_in = $2
    OR ((batch_id = $2 OR replayed_in = $2)
        AND (outcome = 'suppressed' OR article_id IN (
        SELECT article_id FROM redactions WHERE expires_at IS NULL OR expires_at > CURRENT_TIMESTAMP
    )))
);
