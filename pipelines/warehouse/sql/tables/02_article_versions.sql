-- Every version of each article that was loaded and not deleted, the current one too.
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
COMMENT ON TABLE article_versions IS 'Every version of each article that was loaded and not deleted, the current one too.';
COMMENT ON COLUMN article_versions.version IS 'Number of the version, from 1, in the order of loading; the current one is the version last fetched.';
COMMENT ON COLUMN article_versions.authors IS 'Names of the byline, in the page''s order; empty when the page names nobody.';
COMMENT ON COLUMN article_versions.author_types IS 'What each name of authors stands for: person, desk or organisation.';
COMMENT ON COLUMN article_versions.fetched_at IS 'When the scraper first received this version, UTC.';
COMMENT ON COLUMN article_versions.batch_id IS 'Batch that loaded this version: see batches.';
