-- All records of a topic whose content must not be stored any more.
SELECT topic, partition, kafka_offset FROM ledger
WHERE topic = ? AND (
    removed_in IS NOT NULL OR outcome = 'suppressed' OR article_id IN (
        SELECT article_id FROM redactions WHERE expires_at IS NULL OR expires_at > CURRENT_TIMESTAMP
    )
);
