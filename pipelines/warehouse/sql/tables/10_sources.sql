-- Sources (scrapers): how each has been doing, which are held, and what waits of those.
CREATE TABLE IF NOT EXISTS sources (
    source VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    why JSON,
    batch_id VARCHAR NOT NULL,
    released_at TIMESTAMPTZ
);
COMMENT ON TABLE sources IS 'Scrapers, and whether their articles are loaded or wait, a row a scraper.';
COMMENT ON COLUMN sources.source IS 'Name of the scraper, as in ledger.scraper.';
COMMENT ON COLUMN sources.state IS 'flowing (its articles are loaded) or held (they wait in held_articles).';
COMMENT ON COLUMN sources.since IS 'When it came into this state, UTC.';
COMMENT ON COLUMN sources.why IS 'Why it was held last, as a JSON list of objects with kind, seen, usual and words; null when it never was.';
COMMENT ON COLUMN sources.batch_id IS 'Batch that it was first seen in, or that it was held last for: see batches.';
COMMENT ON COLUMN sources.released_at IS 'When a person let it go on last, UTC; null when none had to.';

CREATE TABLE IF NOT EXISTS source_batches (
    batch_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    published_at TIMESTAMPTZ NOT NULL,
    last_message_at TIMESTAMPTZ NOT NULL,
    records BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    consent_walls BIGINT NOT NULL,
    articles BIGINT NOT NULL,
    dates_ahead BIGINT NOT NULL,
    words DOUBLE PRECISION,
    words_low DOUBLE PRECISION,
    words_high DOUBLE PRECISION,
    languages JSON NOT NULL,
    is_held BOOLEAN NOT NULL,
    is_compared BOOLEAN NOT NULL
);
COMMENT ON TABLE source_batches IS 'What each batch held of each scraper, a row a batch and scraper: what its later batches are compared with.';
COMMENT ON COLUMN source_batches.batch_id IS 'Name of the batch.';
COMMENT ON COLUMN source_batches.source IS 'Name of the scraper, as in ledger.scraper.';
COMMENT ON COLUMN source_batches.position IS 'Place of the batch among those of the scraper, from 1.';
COMMENT ON COLUMN source_batches.published_at IS 'When the batch was committed, UTC.';
COMMENT ON COLUMN source_batches.last_message_at IS 'Timestamp of its newest Kafka record in the batch, UTC.';
COMMENT ON COLUMN source_batches.records IS 'Its Kafka records in the batch, without delete requests.';
COMMENT ON COLUMN source_batches.rejected IS 'Those that were rejected.';
COMMENT ON COLUMN source_batches.consent_walls IS 'Those that were rejected as ConsentWall.';
COMMENT ON COLUMN source_batches.articles IS 'Those that carried an article.';
COMMENT ON COLUMN source_batches.dates_ahead IS 'Articles that say they were published over a day after they were fetched.';
COMMENT ON COLUMN source_batches.words IS 'Median word count of the articles; null when there are none.';
COMMENT ON COLUMN source_batches.words_low IS 'Lower quartile of their word counts.';
COMMENT ON COLUMN source_batches.words_high IS 'Upper quartile of their word counts.';
COMMENT ON COLUMN source_batches.languages IS 'Articles by language, as a JSON object; none where it could not be told.';
COMMENT ON COLUMN source_batches.is_held IS 'Whether the articles were held.';
COMMENT ON COLUMN source_batches.is_compared IS 'Whether later batches are compared with it: not with one that was held, nor with any before a release.';

CREATE TABLE IF NOT EXISTS held_articles (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    kafka_offset BIGINT NOT NULL,
    message_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL,
    article_id VARCHAR NOT NULL,
    article BYTEA NOT NULL,
    schema_version INTEGER NOT NULL,
    batch_id VARCHAR NOT NULL
);
COMMENT ON TABLE held_articles IS 'Articles that wait because their scraper is held, whole, a row a Kafka record; gone once they are loaded or deleted.';
COMMENT ON COLUMN held_articles.topic IS 'Kafka topic of the record.';
COMMENT ON COLUMN held_articles.partition IS 'Partition of the topic.';
COMMENT ON COLUMN held_articles.kafka_offset IS 'Offset of the record in the partition.';
COMMENT ON COLUMN held_articles.message_at IS 'Timestamp of the Kafka record, UTC.';
COMMENT ON COLUMN held_articles.source IS 'Name of the scraper that is held.';
COMMENT ON COLUMN held_articles.article_id IS 'Identity of the article.';
COMMENT ON COLUMN held_articles.article IS 'The article as Avro, single-object encoding.';
COMMENT ON COLUMN held_articles.schema_version IS 'Version of schemas/article that it is written in.';
COMMENT ON COLUMN held_articles.batch_id IS 'Batch that it was held in: see batches.';
