-- Which topic was loaded from, whatever its name has come to mean since.
CREATE TABLE IF NOT EXISTS topics (
    topic VARCHAR NOT NULL,
    topic_id VARCHAR NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL,
    batch_id VARCHAR NOT NULL
);
COMMENT ON TABLE topics IS 'Topics that were loaded from, a row a topic; a topic that was made again has another id and is refused.';
COMMENT ON COLUMN topics.topic IS 'Kafka topic.';
COMMENT ON COLUMN topics.topic_id IS 'Id that Kafka gave the topic when it was made.';
COMMENT ON COLUMN topics.first_seen_at IS 'When the first batch that carries the id was loaded, UTC.';
COMMENT ON COLUMN topics.batch_id IS 'First batch that carries the id: see batches.';
