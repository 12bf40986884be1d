-- A record of which the batch removed what there was, kept out what it carried, or redacted a name in it.
SELECT 1 FROM ledger
WHERE removed_in = $1
    OR (batch_id = $1 AND (outcome = 'suppressed' OR article_id IN (
        SELECT article_id FROM redactions WHERE expires_at IS NULL OR expires_at > CURRENT_TIMESTAMP
    )))
LIMIT 1;
