CREATE TABLE IF NOT EXISTS layout (
    fingerprint VARCHAR NOT NULL,
    made_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE layout IS 'Which tables, marts and comments this warehouse was given, one row.';
COMMENT ON COLUMN layout.fingerprint IS 'Changes whenever a table, a mart or a comment does.';
COMMENT ON COLUMN layout.made_at IS 'When they were made, UTC.';
