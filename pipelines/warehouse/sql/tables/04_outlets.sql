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

CREATE TABLE IF NOT EXISTS outlet_names (
    domain VARCHAR NOT NULL,
    name VARCHAR,
    article_count BIGINT NOT NULL
);
COMMENT ON TABLE outlet_names IS 'The names that the current articles of each outlet give it, a row a name.';
COMMENT ON COLUMN outlet_names.domain IS 'Registered domain of the publisher.';
COMMENT ON COLUMN outlet_names.name IS 'The name; null for articles that give none.';
COMMENT ON COLUMN outlet_names.article_count IS 'Current articles that give it.';

-- Warehouses that were loaded before this table was there.
INSERT INTO outlet_names
SELECT outlet_domain, outlet_name, count(*) FROM articles
WHERE outlet_domain IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outlet_names)
GROUP BY outlet_domain, outlet_name;
