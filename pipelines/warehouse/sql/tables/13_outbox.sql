-- Dead letters that are committed and not yet sent to their Kafka topic. A row names its dead letter; the content stays in dead_letters.
CREATE TABLE IF NOT EXISTS outbox (
    position BIGINT NOT NULL,
    dead_letter_id VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL,
    waiting_since TIMESTAMPTZ NOT NULL,
    attempts INTEGER NOT NULL,
    tried_at TIMESTAMPTZ,
    fault VARCHAR
);
COMMENT ON TABLE outbox IS 'Dead letters that still have to be sent to their Kafka topic, a row a dead letter; a row is removed once the broker has acknowledged the message.';
COMMENT ON COLUMN outbox.position IS 'Place in the order in which the letters are sent.';
COMMENT ON COLUMN outbox.dead_letter_id IS 'The dead letter to be sent: see dead_letters.';
COMMENT ON COLUMN outbox.batch_id IS 'Batch that rejected the record last: see batches.';
COMMENT ON COLUMN outbox.waiting_since IS 'When the dead letter was committed, UTC.';
COMMENT ON COLUMN outbox.attempts IS 'How often this letter was refused although others could be sent.';
COMMENT ON COLUMN outbox.tried_at IS 'When it was last tried to send the letter, UTC; null before the first try.';
COMMENT ON COLUMN outbox.fault IS 'Why the last try failed, and what to do about it; null before the first try.';
