-- The tables of a DuckDB warehouse before migration 0001.
CREATE TABLE IF NOT EXISTS layout (
    fingerprint VARCHAR NOT NULL,
    made_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE IF NOT EXISTS articles (
    article_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    content_hash VARCHAR NOT NULL,
    url VARCHAR,
    canonical_url VARCHAR,
    outlet_domain VARCHAR,
    outlet_name VARCHAR,
    title VARCHAR NOT NULL,
    body VARCHAR NOT NULL,
    authors VARCHAR[] NOT NULL,
    author_types VARCHAR[] NOT NULL,
    published_at TIMESTAMPTZ,
    published_zone VARCHAR,
    modified_at TIMESTAMPTZ,
    dateline_place VARCHAR,
    dateline_agency VARCHAR,
    language VARCHAR,
    section VARCHAR,
    tags VARCHAR[] NOT NULL,
    image_url VARCHAR,
    word_count INTEGER NOT NULL,
    is_truncated BOOLEAN NOT NULL,
    story_id VARCHAR NOT NULL,
    story_signature BIGINT[] NOT NULL,
    evidence JSON NOT NULL,
    warnings VARCHAR[] NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    last_fetched_at TIMESTAMPTZ NOT NULL,
    processed_at TIMESTAMPTZ NOT NULL,
    processor VARCHAR NOT NULL,
    scraper VARCHAR NOT NULL,
    source_topic VARCHAR NOT NULL,
    source_partition INTEGER NOT NULL,
    source_offset BIGINT NOT NULL,
    batch_id VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS article_versions (
    article_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    content_hash VARCHAR NOT NULL,
    url VARCHAR,
    title VARCHAR NOT NULL,
    body VARCHAR NOT NULL,
    authors VARCHAR[] NOT NULL,
    author_types VARCHAR[] NOT NULL,
    published_at TIMESTAMPTZ,
    modified_at TIMESTAMPTZ,
    language VARCHAR,
    section VARCHAR,
    word_count INTEGER NOT NULL,
    is_truncated BOOLEAN NOT NULL,
    story_id VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    processed_at TIMESTAMPTZ NOT NULL,
    processor VARCHAR NOT NULL,
    scraper VARCHAR NOT NULL,
    source_topic VARCHAR NOT NULL,
    source_partition INTEGER NOT NULL,
    source_offset BIGINT NOT NULL,
    batch_id VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS mentions (
    article_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    entity_id VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    start_char INTEGER NOT NULL,
    end_char INTEGER NOT NULL,
    sentence INTEGER NOT NULL,
    in_title BOOLEAN NOT NULL,
    confidence DOUBLE PRECISION NOT NULL
);

CREATE TABLE IF NOT EXISTS article_entities (
    article_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    entity_id VARCHAR NOT NULL,
    name_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    country VARCHAR,
    geonames_id BIGINT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    occupation VARCHAR,
    mention_count INTEGER NOT NULL,
    in_title BOOLEAN NOT NULL,
    salience DOUBLE PRECISION NOT NULL
);

CREATE TABLE IF NOT EXISTS entities (
    entity_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    country VARCHAR,
    geonames_id BIGINT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    occupation VARCHAR,
    article_count BIGINT NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE IF NOT EXISTS entity_forms (
    entity_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    country VARCHAR,
    geonames_id BIGINT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    occupation VARCHAR,
    article_count BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS people (
    name_id VARCHAR NOT NULL,
    occupation VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    article_count BIGINT NOT NULL,
    first_fetched_at TIMESTAMPTZ NOT NULL,
    company BIGINT[] NOT NULL
);

CREATE TABLE IF NOT EXISTS outlets (
    domain VARCHAR NOT NULL,
    name VARCHAR,
    article_count BIGINT NOT NULL,
    first_fetched_at TIMESTAMPTZ NOT NULL,
    last_fetched_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE IF NOT EXISTS outlet_names (
    domain VARCHAR NOT NULL,
    name VARCHAR,
    article_count BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS story_bands (
    band BIGINT NOT NULL,
    article_id VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS ledger (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    kafka_offset BIGINT NOT NULL,
    message_at TIMESTAMPTZ NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR,
    scraper VARCHAR,
    article_id VARCHAR,
    version INTEGER,
    fingerprint VARCHAR,
    run_id VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL,
    first_outcome VARCHAR NOT NULL,
    first_reason VARCHAR,
    replayed_in VARCHAR,
    removed_in VARCHAR,
    key_id VARCHAR,
    fetched_at TIMESTAMPTZ
);

CREATE TABLE IF NOT EXISTS gaps (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    start_offset BIGINT NOT NULL,
    end_offset BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS partition_offsets (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    first_offset BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    batch_id VARCHAR NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE IF NOT EXISTS dead_letters (
    dead_letter_id VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    kafka_offset BIGINT NOT NULL,
    message_at TIMESTAMPTZ NOT NULL,
    step VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    details JSON NOT NULL,
    fingerprint VARCHAR NOT NULL,
    processor VARCHAR NOT NULL,
    rejected_at TIMESTAMPTZ NOT NULL,
    scraper VARCHAR,
    message_key BYTEA,
    header_names VARCHAR[] NOT NULL,
    header_values BYTEA[] NOT NULL,
    original BYTEA,
    original_path VARCHAR,
    original_bytes BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL,
    resolved_at TIMESTAMPTZ,
    resolved_in VARCHAR,
    removed_in VARCHAR
);

CREATE TABLE IF NOT EXISTS removed_originals (
    original_path VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS runs (
    run_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    processor VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    status VARCHAR NOT NULL,
    note VARCHAR
);

CREATE TABLE IF NOT EXISTS batches (
    batch_id VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    processor VARCHAR NOT NULL,
    staged_at TIMESTAMPTZ NOT NULL,
    published_at TIMESTAMPTZ NOT NULL,
    verdict VARCHAR,
    records BIGINT NOT NULL,
    loaded BIGINT NOT NULL,
    new_version BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    deleted BIGINT NOT NULL,
    suppressed BIGINT NOT NULL,
    held BIGINT NOT NULL,
    gap_offsets BIGINT NOT NULL,
    nothing_to_delete BIGINT DEFAULT 0
);

CREATE TABLE IF NOT EXISTS batch_ranges (
    batch_id VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    start_offset BIGINT NOT NULL,
    end_offset BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS audit_results (
    batch_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    expectation VARCHAR NOT NULL,
    column_name VARCHAR,
    severity VARCHAR NOT NULL,
    success BOOLEAN NOT NULL,
    observed VARCHAR,
    reason VARCHAR,
    scrapers VARCHAR[] NOT NULL
);

CREATE TABLE IF NOT EXISTS suppressions (
    article_id VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    suppressed_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE IF NOT EXISTS sources (
    source VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    why JSON,
    batch_id VARCHAR NOT NULL,
    released_at TIMESTAMPTZ
);

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

CREATE TABLE IF NOT EXISTS topics (
    topic VARCHAR NOT NULL,
    topic_id VARCHAR NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL,
    batch_id VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS deletions (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    kafka_offset BIGINT NOT NULL,
    message_at TIMESTAMPTZ NOT NULL,
    key_id VARCHAR,
    article_id VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS identity (
    warehouse_id VARCHAR NOT NULL,
    made_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE IF NOT EXISTS outbox (
    position BIGINT NOT NULL,
    dead_letter_id VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL,
    waiting_since TIMESTAMPTZ NOT NULL,
    attempts INTEGER NOT NULL,
    tried_at TIMESTAMPTZ,
    fault VARCHAR
);
