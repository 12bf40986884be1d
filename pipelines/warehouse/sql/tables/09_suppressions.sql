CREATE TABLE IF NOT EXISTS suppressions (
    article_id VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    suppressed_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE suppressions IS 'Articles that must not be loaded again (takedowns), a row an article.';
COMMENT ON COLUMN suppressions.article_id IS 'Identity of the article.';
COMMENT ON COLUMN suppressions.reason IS 'Why it must not be loaded.';
COMMENT ON COLUMN suppressions.suppressed_at IS 'When that was decided, UTC.';
