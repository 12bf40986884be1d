-- The current version of each article, a row an article. Columns that schemas/article describes get their comment from it.
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
COMMENT ON TABLE articles IS 'The current version of each article, a row an article.';
COMMENT ON COLUMN articles.version IS 'Number of the version that this row shows, from 1; the others are in article_versions.';
COMMENT ON COLUMN articles.authors IS 'Names of the byline, in the page''s order; empty when the page names nobody.';
COMMENT ON COLUMN articles.author_types IS 'What each name of authors stands for: person, desk or organisation.';
COMMENT ON COLUMN articles.evidence IS 'Field name to how it was found and what it was read from, as a JSON object.';
COMMENT ON COLUMN articles.fetched_at IS 'When the scraper first received this version, UTC.';
COMMENT ON COLUMN articles.last_fetched_at IS 'When the scraper last received this version unchanged, UTC.';
COMMENT ON COLUMN articles.batch_id IS 'Batch that loaded this version: see batches.';
