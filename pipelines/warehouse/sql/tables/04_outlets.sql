CREATE TABLE IF NOT EXISTS outlets (
    domain VARCHAR NOT NULL,
    name VARCHAR,
    article_count BIGINT NOT NULL,
    first_fetched_at TIMESTAMPTZ NOT NULL,
    last_fetched_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE outlets IS 'The publishers of the current articles, a row a domain.';
COMMENT ON COLUMN outlets.domain IS 'Registered domain of the publisher.';
COMMENT ON COLUMN outlets.name IS 'The name that most of its articles give it; null when none does.';
COMMENT ON COLUMN outlets.article_count IS 'Current articles of the outlet.';
COMMENT ON COLUMN outlets.first_fetched_at IS 'When the first of its articles was fetched, UTC.';
COMMENT ON COLUMN outlets.last_fetched_at IS 'When the last of its articles was fetched, UTC.';
