-- The tables and marts of a postgres warehouse at migration 1.
CREATE TABLE IF NOT EXISTS articles (
    article_id text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    content_hash text COLLATE "C" NOT NULL,
    url text COLLATE "C",
    canonical_url text COLLATE "C",
    outlet_domain text COLLATE "C",
    outlet_name text COLLATE "C",
    title text COLLATE "C" NOT NULL,
    body text COLLATE "C" NOT NULL,
    authors text[] COLLATE "C" NOT NULL,
    author_types text[] COLLATE "C" NOT NULL,
    published_at timestamptz,
    published_zone text COLLATE "C",
    modified_at timestamptz,
    dateline_place text COLLATE "C",
    dateline_agency text COLLATE "C",
    language text COLLATE "C",
    section text COLLATE "C",
    tags text[] COLLATE "C" NOT NULL,
    image_url text COLLATE "C",
    word_count integer NOT NULL,
    is_truncated boolean NOT NULL,
    story_id text COLLATE "C" NOT NULL,
    story_signature bigint[] NOT NULL,
    evidence jsonb NOT NULL,
    warnings text[] COLLATE "C" NOT NULL,
    fetched_at timestamptz NOT NULL,
    processed_at timestamptz NOT NULL,
    processor text COLLATE "C" NOT NULL,
    scraper text COLLATE "C" NOT NULL,
    source_topic text COLLATE "C" NOT NULL,
    source_partition integer NOT NULL,
    source_offset bigint NOT NULL,
    last_fetched_at timestamptz NOT NULL,
    reading text COLLATE "C",
    batch_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (article_id)
);

CREATE INDEX IF NOT EXISTS articles_by_story_id ON articles (story_id);

CREATE INDEX IF NOT EXISTS articles_by_outlet_domain ON articles (outlet_domain);

CREATE INDEX IF NOT EXISTS articles_by_fetched_at ON articles (fetched_at);

CREATE INDEX IF NOT EXISTS articles_by_published_at ON articles (published_at);

CREATE TABLE IF NOT EXISTS article_entities (
    article_id text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    position integer NOT NULL,
    entity_id text COLLATE "C" NOT NULL,
    name_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    country text COLLATE "C",
    geonames_id bigint,
    latitude double precision,
    longitude double precision,
    occupation text COLLATE "C",
    mention_count integer NOT NULL,
    in_title boolean NOT NULL,
    salience double precision NOT NULL,
    fetched_at timestamptz NOT NULL,
    PRIMARY KEY (article_id, position)
);

CREATE INDEX IF NOT EXISTS article_entities_by_entity_id ON article_entities (entity_id);

CREATE INDEX IF NOT EXISTS article_entities_by_name_id_fetched_at ON article_entities (name_id, fetched_at);

CREATE TABLE IF NOT EXISTS article_versions (
    article_id text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    content_hash text COLLATE "C" NOT NULL,
    url text COLLATE "C",
    title text COLLATE "C" NOT NULL,
    body text COLLATE "C" NOT NULL,
    authors text[] COLLATE "C" NOT NULL,
    author_types text[] COLLATE "C" NOT NULL,
    published_at timestamptz,
    modified_at timestamptz,
    language text COLLATE "C",
    section text COLLATE "C",
    word_count integer NOT NULL,
    is_truncated boolean NOT NULL,
    story_id text COLLATE "C" NOT NULL,
    fetched_at timestamptz NOT NULL,
    processed_at timestamptz NOT NULL,
    processor text COLLATE "C" NOT NULL,
    scraper text COLLATE "C" NOT NULL,
    source_topic text COLLATE "C" NOT NULL,
    source_partition integer NOT NULL,
    source_offset bigint NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (article_id, version)
);

CREATE INDEX IF NOT EXISTS article_versions_by_content_hash ON article_versions (content_hash);

CREATE TABLE IF NOT EXISTS audit_results (
    batch_id text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    expectation text COLLATE "C" NOT NULL,
    column_name text COLLATE "C",
    severity text COLLATE "C" NOT NULL,
    success boolean NOT NULL,
    observed text COLLATE "C",
    reason text COLLATE "C",
    scrapers text[] COLLATE "C" NOT NULL,
    PRIMARY KEY (batch_id, position)
);

CREATE TABLE IF NOT EXISTS batches (
    batch_id text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    processor text COLLATE "C" NOT NULL,
    staged_at timestamptz NOT NULL,
    published_at timestamptz NOT NULL,
    verdict text COLLATE "C",
    records bigint NOT NULL,
    loaded bigint NOT NULL,
    new_version bigint NOT NULL,
    unchanged bigint NOT NULL,
    rejected bigint NOT NULL,
    deleted bigint NOT NULL,
    suppressed bigint NOT NULL,
    held bigint NOT NULL,
    gap_offsets bigint NOT NULL,
    nothing_to_delete bigint,
    new_reading bigint,
    PRIMARY KEY (batch_id)
);

CREATE INDEX IF NOT EXISTS batches_by_published_at ON batches (published_at);

CREATE TABLE IF NOT EXISTS batch_ranges (
    batch_id text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    start_offset bigint NOT NULL,
    end_offset bigint NOT NULL,
    PRIMARY KEY (batch_id, topic, partition)
);

CREATE TABLE IF NOT EXISTS dead_letters (
    dead_letter_id text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    kafka_offset bigint NOT NULL,
    message_at timestamptz NOT NULL,
    step text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    details jsonb NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    processor text COLLATE "C" NOT NULL,
    rejected_at timestamptz NOT NULL,
    scraper text COLLATE "C",
    message_key bytea,
    header_names text[] COLLATE "C" NOT NULL,
    header_values bytea[] NOT NULL,
    original bytea,
    original_path text COLLATE "C",
    original_bytes bigint NOT NULL,
    attempts integer NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    resolved_at timestamptz,
    resolved_in text COLLATE "C",
    removed_in text COLLATE "C",
    PRIMARY KEY (dead_letter_id)
);

CREATE INDEX IF NOT EXISTS dead_letters_by_topic_partition_kafka_offset ON dead_letters (topic, partition, kafka_offset);

CREATE INDEX IF NOT EXISTS dead_letters_by_reason ON dead_letters (reason);

CREATE TABLE IF NOT EXISTS entities (
    entity_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    country text COLLATE "C",
    geonames_id bigint,
    latitude double precision,
    longitude double precision,
    occupation text COLLATE "C",
    article_count bigint NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (entity_id)
);

CREATE TABLE IF NOT EXISTS gaps (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    start_offset bigint NOT NULL,
    end_offset bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (topic, partition, start_offset)
);

CREATE INDEX IF NOT EXISTS gaps_by_batch_id ON gaps (batch_id);

CREATE TABLE IF NOT EXISTS held_articles (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    kafka_offset bigint NOT NULL,
    message_at timestamptz NOT NULL,
    source text COLLATE "C" NOT NULL,
    article_id text COLLATE "C" NOT NULL,
    article bytea NOT NULL,
    schema_version integer NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (topic, partition, kafka_offset)
);

CREATE INDEX IF NOT EXISTS held_articles_by_article_id ON held_articles (article_id);

CREATE INDEX IF NOT EXISTS held_articles_by_source ON held_articles (source);

CREATE TABLE IF NOT EXISTS ledger (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    kafka_offset bigint NOT NULL,
    message_at timestamptz NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    scraper text COLLATE "C",
    article_id text COLLATE "C",
    version integer,
    fingerprint text COLLATE "C",
    run_id text COLLATE "C" NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    first_outcome text COLLATE "C" NOT NULL,
    first_reason text COLLATE "C",
    replayed_in text COLLATE "C",
    removed_in text COLLATE "C",
    key_id text COLLATE "C",
    fetched_at timestamptz,
    PRIMARY KEY (topic, partition, kafka_offset)
);

CREATE INDEX IF NOT EXISTS ledger_by_article_id ON ledger (article_id);

CREATE INDEX IF NOT EXISTS ledger_by_batch_id ON ledger (batch_id);

CREATE INDEX IF NOT EXISTS ledger_by_replayed_in ON ledger (replayed_in);

CREATE INDEX IF NOT EXISTS ledger_by_topic_key_id ON ledger (topic, key_id);

CREATE TABLE IF NOT EXISTS named_articles (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    kafka_offset bigint NOT NULL,
    article_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (topic, partition, kafka_offset, article_id)
);

CREATE INDEX IF NOT EXISTS named_articles_by_article_id ON named_articles (article_id);

CREATE TABLE IF NOT EXISTS mentions (
    article_id text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    position integer NOT NULL,
    entity_id text COLLATE "C" NOT NULL,
    text text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    start_char integer NOT NULL,
    end_char integer NOT NULL,
    sentence integer NOT NULL,
    in_title boolean NOT NULL,
    confidence double precision NOT NULL,
    PRIMARY KEY (article_id, position)
);

CREATE INDEX IF NOT EXISTS mentions_by_entity_id ON mentions (entity_id);

CREATE TABLE IF NOT EXISTS outlets (
    domain text COLLATE "C" NOT NULL,
    name text COLLATE "C",
    article_count bigint NOT NULL,
    first_fetched_at timestamptz NOT NULL,
    last_fetched_at timestamptz NOT NULL,
    PRIMARY KEY (domain)
);

CREATE TABLE IF NOT EXISTS partition_offsets (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    first_offset bigint NOT NULL,
    next_offset bigint NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition)
);

CREATE TABLE IF NOT EXISTS runs (
    run_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    processor text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    status text COLLATE "C" NOT NULL,
    note text COLLATE "C",
    PRIMARY KEY (run_id)
);

CREATE TABLE IF NOT EXISTS sources (
    source text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    why jsonb,
    batch_id text COLLATE "C" NOT NULL,
    released_at timestamptz,
    PRIMARY KEY (source)
);

CREATE TABLE IF NOT EXISTS source_batches (
    batch_id text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    published_at timestamptz NOT NULL,
    last_message_at timestamptz NOT NULL,
    records bigint NOT NULL,
    rejected bigint NOT NULL,
    consent_walls bigint NOT NULL,
    articles bigint NOT NULL,
    dates_ahead bigint NOT NULL,
    words double precision,
    words_low double precision,
    words_high double precision,
    languages jsonb NOT NULL,
    is_held boolean NOT NULL,
    is_compared boolean NOT NULL,
    PRIMARY KEY (batch_id, source)
);

CREATE INDEX IF NOT EXISTS source_batches_by_source ON source_batches (source);

CREATE TABLE IF NOT EXISTS story_bands (
    band bigint NOT NULL,
    article_id text COLLATE "C" NOT NULL,
    fetched_at timestamptz NOT NULL,
    PRIMARY KEY (band, fetched_at, article_id)
);

CREATE INDEX IF NOT EXISTS story_bands_by_article_id ON story_bands (article_id);

CREATE TABLE IF NOT EXISTS suppressions (
    article_id text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    suppressed_at timestamptz NOT NULL,
    PRIMARY KEY (article_id)
);

CREATE TABLE IF NOT EXISTS topics (
    topic text COLLATE "C" NOT NULL,
    topic_id text COLLATE "C" NOT NULL,
    first_seen_at timestamptz NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (topic)
);

CREATE TABLE IF NOT EXISTS deletions (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    kafka_offset bigint NOT NULL,
    message_at timestamptz NOT NULL,
    key_id text COLLATE "C",
    article_id text COLLATE "C" NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (topic, partition, kafka_offset, article_id)
);

CREATE INDEX IF NOT EXISTS deletions_by_article_id ON deletions (article_id);

CREATE INDEX IF NOT EXISTS deletions_by_topic_key_id ON deletions (topic, key_id);

CREATE TABLE IF NOT EXISTS entity_forms (
    entity_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    country text COLLATE "C",
    geonames_id bigint,
    latitude double precision,
    longitude double precision,
    occupation text COLLATE "C",
    article_count bigint NOT NULL
);

CREATE INDEX IF NOT EXISTS entity_forms_by_entity_id ON entity_forms (entity_id);

CREATE TABLE IF NOT EXISTS identity (
    warehouse_id text COLLATE "C" NOT NULL,
    made_at timestamptz NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (warehouse_id)
);

CREATE TABLE IF NOT EXISTS outbox (
    position bigint NOT NULL,
    dead_letter_id text COLLATE "C" NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    waiting_since timestamptz NOT NULL,
    attempts integer NOT NULL,
    tried_at timestamptz,
    fault text COLLATE "C",
    PRIMARY KEY (dead_letter_id)
);

CREATE INDEX IF NOT EXISTS outbox_by_position ON outbox (position);

CREATE TABLE IF NOT EXISTS outlet_names (
    domain text COLLATE "C" NOT NULL,
    name text COLLATE "C",
    article_count bigint NOT NULL
);

CREATE INDEX IF NOT EXISTS outlet_names_by_domain ON outlet_names (domain);

CREATE TABLE IF NOT EXISTS people (
    name_id text COLLATE "C" NOT NULL,
    occupation text COLLATE "C" NOT NULL,
    entity_id text COLLATE "C" NOT NULL,
    article_count bigint NOT NULL,
    first_fetched_at timestamptz NOT NULL,
    company bigint[] NOT NULL,
    PRIMARY KEY (name_id, occupation)
);

CREATE TABLE IF NOT EXISTS removed_originals (
    original_path text COLLATE "C" NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (original_path)
);

CREATE TABLE IF NOT EXISTS layout (
    fingerprint text COLLATE "C" NOT NULL,
    made_at timestamptz NOT NULL,
    migration integer,
    PRIMARY KEY (fingerprint)
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

