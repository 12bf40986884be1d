-- The tables and marts of a duckdb warehouse at migration 1.
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
    processed_at TIMESTAMPTZ NOT NULL,
    processor VARCHAR NOT NULL,
    scraper VARCHAR NOT NULL,
    source_topic VARCHAR NOT NULL,
    source_partition INTEGER NOT NULL,
    source_offset BIGINT NOT NULL,
    last_fetched_at TIMESTAMPTZ NOT NULL,
    reading VARCHAR,
    batch_id VARCHAR NOT NULL
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
    latitude DOUBLE,
    longitude DOUBLE,
    occupation VARCHAR,
    mention_count INTEGER NOT NULL,
    in_title BOOLEAN NOT NULL,
    salience DOUBLE NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL
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
    nothing_to_delete BIGINT,
    new_reading BIGINT
);

CREATE TABLE IF NOT EXISTS batch_ranges (
    batch_id VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    start_offset BIGINT NOT NULL,
    end_offset BIGINT NOT NULL
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
    message_key BLOB,
    header_names VARCHAR[] NOT NULL,
    header_values BLOB[] NOT NULL,
    original BLOB,
    original_path VARCHAR,
    original_bytes BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL,
    resolved_at TIMESTAMPTZ,
    resolved_in VARCHAR,
    removed_in VARCHAR
);

CREATE TABLE IF NOT EXISTS entities (
    entity_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    country VARCHAR,
    geonames_id BIGINT,
    latitude DOUBLE,
    longitude DOUBLE,
    occupation VARCHAR,
    article_count BIGINT NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL
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

CREATE TABLE IF NOT EXISTS held_articles (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    kafka_offset BIGINT NOT NULL,
    message_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL,
    article_id VARCHAR NOT NULL,
    article BLOB NOT NULL,
    schema_version INTEGER NOT NULL,
    batch_id VARCHAR NOT NULL
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

CREATE TABLE IF NOT EXISTS named_articles (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    kafka_offset BIGINT NOT NULL,
    article_id VARCHAR NOT NULL
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
    confidence DOUBLE NOT NULL
);

CREATE TABLE IF NOT EXISTS outlets (
    domain VARCHAR NOT NULL,
    name VARCHAR,
    article_count BIGINT NOT NULL,
    first_fetched_at TIMESTAMPTZ NOT NULL,
    last_fetched_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE IF NOT EXISTS partition_offsets (
    topic VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    first_offset BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    batch_id VARCHAR NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
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
    words DOUBLE,
    words_low DOUBLE,
    words_high DOUBLE,
    languages JSON NOT NULL,
    is_held BOOLEAN NOT NULL,
    is_compared BOOLEAN NOT NULL
);

CREATE TABLE IF NOT EXISTS story_bands (
    band BIGINT NOT NULL,
    article_id VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE IF NOT EXISTS suppressions (
    article_id VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    suppressed_at TIMESTAMPTZ NOT NULL
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

CREATE TABLE IF NOT EXISTS entity_forms (
    entity_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    country VARCHAR,
    geonames_id BIGINT,
    latitude DOUBLE,
    longitude DOUBLE,
    occupation VARCHAR,
    article_count BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS identity (
    warehouse_id VARCHAR NOT NULL,
    made_at TIMESTAMPTZ NOT NULL,
    revision BIGINT NOT NULL
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

CREATE TABLE IF NOT EXISTS outlet_names (
    domain VARCHAR NOT NULL,
    name VARCHAR,
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

CREATE TABLE IF NOT EXISTS removed_originals (
    original_path VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS layout (
    fingerprint VARCHAR NOT NULL,
    made_at TIMESTAMPTZ NOT NULL,
    migration INTEGER
);

CREATE SCHEMA IF NOT EXISTS marts;

CREATE OR REPLACE VIEW marts.daily_outlet_volume AS
SELECT
    CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE) AS day,
    a.outlet_domain,
    max(o.name) AS outlet_name,
    count(*) AS articles,
    count(DISTINCT a.story_id) AS stories,
    count(CASE WHEN a.story_id <> a.article_id THEN 1 END) AS copies,
    count(CASE WHEN a.published_at IS NULL THEN 1 END) AS undated,
    count(CASE WHEN a.is_truncated THEN 1 END) AS truncated,
    count(CASE WHEN a.version > 1 THEN 1 END) AS corrected,
    CAST(avg(CASE WHEN NOT a.is_truncated THEN a.word_count END) AS DOUBLE PRECISION) AS mean_words
FROM articles a
LEFT JOIN outlets o ON o.domain = a.outlet_domain
GROUP BY CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE), a.outlet_domain;

CREATE OR REPLACE VIEW marts.entity_attention_daily AS
SELECT
    CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE) AS day,
    u.entity_id,
    e.name,
    e.type,
    e.country,
    count(*) AS articles,
    count(DISTINCT a.story_id) AS stories,
    count(DISTINCT a.outlet_domain) AS outlets,
    CAST(sum(u.mention_count) AS BIGINT) AS mentions,
    count(CASE WHEN u.in_title THEN 1 END) AS in_titles,
    sum(u.salience) AS salience,
    count(CASE WHEN a.published_at IS NULL THEN 1 END) AS undated,
    e.occupation
FROM article_entities u
JOIN articles a ON a.article_id = u.article_id
JOIN entities e ON e.entity_id = u.entity_id
GROUP BY
    CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE), u.entity_id, e.name, e.type, e.country,
    e.occupation;

CREATE OR REPLACE VIEW marts.country_attention_daily AS
WITH uses AS (
    SELECT a.article_id, u.country, sum(u.mention_count) AS mentions, max(CASE WHEN u.in_title THEN 1 ELSE 0 END) AS in_title,
        sum(u.salience) AS salience
    FROM article_entities u
    JOIN articles a ON a.article_id = u.article_id
    WHERE u.country IS NOT NULL
    GROUP BY a.article_id, u.country
)
SELECT
    CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE) AS day,
    s.country,
    count(*) AS articles,
    count(DISTINCT a.story_id) AS stories,
    count(DISTINCT a.outlet_domain) AS outlets,
    CAST(sum(s.mentions) AS BIGINT) AS mentions,
    CAST(sum(s.in_title) AS BIGINT) AS in_titles,
    sum(s.salience) AS salience,
    count(CASE WHEN a.published_at IS NULL THEN 1 END) AS undated
FROM uses s
JOIN articles a ON a.article_id = s.article_id
GROUP BY CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE), s.country;

CREATE OR REPLACE VIEW marts.entity_pairs AS
SELECT
    u.entity_id,
    o.entity_id AS other_entity_id,
    e.name,
    p.name AS other_name,
    e.type,
    p.type AS other_type,
    count(*) AS articles,
    count(DISTINCT a.story_id) AS stories,
    min(a.fetched_at) AS first_seen_at,
    max(a.last_fetched_at) AS last_seen_at
FROM article_entities u
JOIN article_entities o ON o.article_id = u.article_id AND o.entity_id > u.entity_id
JOIN articles a ON a.article_id = u.article_id
JOIN entities e ON e.entity_id = u.entity_id
JOIN entities p ON p.entity_id = o.entity_id
GROUP BY u.entity_id, o.entity_id, e.name, p.name, e.type, p.type;

CREATE OR REPLACE VIEW marts.syndication AS
WITH ranked AS (
    SELECT a.*, row_number() OVER (PARTITION BY a.story_id ORDER BY coalesce(a.published_at, a.fetched_at), a.article_id) AS rank
    FROM articles a
)
SELECT
    r.story_id,
    max(CASE WHEN r.rank = 1 THEN r.article_id END) AS first_article_id,
    max(CASE WHEN r.rank = 1 THEN r.title END) AS title,
    max(CASE WHEN r.rank = 1 THEN r.outlet_domain END) AS first_outlet_domain,
    count(*) AS articles,
    count(DISTINCT r.outlet_domain) AS outlets,
    min(coalesce(r.published_at, r.fetched_at)) AS first_at,
    max(coalesce(r.published_at, r.fetched_at)) AS last_at,
    CAST(extract(epoch FROM max(coalesce(r.published_at, r.fetched_at)) - min(coalesce(r.published_at, r.fetched_at)))
        AS DOUBLE PRECISION) / 3600 AS spread_hours
FROM ranked r
GROUP BY r.story_id
HAVING count(*) > 1;

CREATE OR REPLACE VIEW marts.outlet_scorecard AS
WITH sizes AS (
    SELECT story_id, count(*) AS articles FROM articles GROUP BY story_id
)
SELECT
    a.outlet_domain,
    max(o.name) AS outlet_name,
    count(*) AS articles,
    count(DISTINCT a.story_id) AS stories,
    count(CASE WHEN a.published_at IS NOT NULL THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_dated,
    count(CASE WHEN coalesce(array_length(a.authors, 1), 0) > 0 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_with_authors,
    count(CASE WHEN a.is_truncated THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_truncated,
    count(CASE WHEN s.articles > 1 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_shared,
    count(CASE WHEN coalesce(array_length(a.warnings, 1), 0) > 0 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_with_warnings,
    count(CASE WHEN a.version > 1 THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_corrected,
    CAST(avg(CASE WHEN NOT a.is_truncated THEN a.word_count END) AS DOUBLE PRECISION) AS mean_words,
    min(a.fetched_at) AS first_fetched_at,
    max(a.last_fetched_at) AS last_fetched_at
FROM articles a
JOIN sizes s ON s.story_id = a.story_id
LEFT JOIN outlets o ON o.domain = a.outlet_domain
GROUP BY a.outlet_domain;

CREATE OR REPLACE VIEW marts.pipeline_health AS
WITH records AS (
    SELECT CAST(message_at AT TIME ZONE 'UTC' AS DATE) AS day, coalesce(scraper, '(unknown)') AS scraper, outcome, reason, topic
    FROM ledger
),
reasons AS (
    SELECT day, topic, scraper, reason, row_number() OVER (PARTITION BY day, topic, scraper ORDER BY count(*) DESC, reason) AS rank
    FROM records WHERE outcome = 'rejected' GROUP BY day, topic, scraper, reason
)
SELECT
    r.day,
    r.topic,
    r.scraper,
    count(*) AS records,
    count(CASE WHEN r.outcome = 'loaded' THEN 1 END) AS loaded,
    count(CASE WHEN r.outcome = 'new_version' THEN 1 END) AS new_version,
    count(CASE WHEN r.outcome = 'new_reading' THEN 1 END) AS new_reading,
    count(CASE WHEN r.outcome = 'unchanged' THEN 1 END) AS unchanged,
    count(CASE WHEN r.outcome = 'rejected' THEN 1 END) AS rejected,
    count(CASE WHEN r.outcome = 'deleted' THEN 1 END) AS deleted,
    count(CASE WHEN r.outcome = 'nothing_to_delete' THEN 1 END) AS nothing_to_delete,
    count(CASE WHEN r.outcome = 'suppressed' THEN 1 END) AS suppressed,
    count(CASE WHEN r.outcome = 'held' THEN 1 END) AS held,
    count(CASE WHEN r.outcome = 'rejected' THEN 1 END) * CAST(1 AS DOUBLE PRECISION) / count(*) AS share_rejected,
    count(CASE WHEN r.reason = 'UnexpectedFault' THEN 1 END) AS unexpected_faults,
    max(t.reason) AS top_reason
FROM records r
LEFT JOIN reasons t ON t.day = r.day AND t.topic = r.topic AND t.scraper = r.scraper AND t.rank = 1
GROUP BY r.day, r.topic, r.scraper;

CREATE OR REPLACE VIEW marts.entity_timeline AS
WITH ranked AS (
    SELECT u.entity_id, u.mention_count, u.in_title, u.salience, a.article_id, a.story_id, a.title, a.outlet_domain,
        coalesce(a.published_at, a.fetched_at) AS at,
        row_number() OVER (
            PARTITION BY u.entity_id, a.story_id ORDER BY coalesce(a.published_at, a.fetched_at), a.article_id) AS rank
    FROM article_entities u
    JOIN articles a ON a.article_id = u.article_id
)
SELECT
    r.entity_id,
    e.name,
    e.type,
    min(r.at) AS first_at,
    max(r.at) AS last_at,
    r.story_id,
    max(CASE WHEN r.rank = 1 THEN r.article_id END) AS first_article_id,
    max(CASE WHEN r.rank = 1 THEN r.title END) AS title,
    max(CASE WHEN r.rank = 1 THEN r.outlet_domain END) AS first_outlet_domain,
    count(*) AS articles,
    count(DISTINCT r.outlet_domain) AS outlets,
    CAST(sum(r.mention_count) AS BIGINT) AS mentions,
    count(CASE WHEN r.in_title THEN 1 END) AS in_titles,
    max(r.salience) AS salience
FROM ranked r
JOIN entities e ON e.entity_id = r.entity_id
GROUP BY r.entity_id, e.name, e.type, r.story_id;

