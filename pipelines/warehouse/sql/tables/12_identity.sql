CREATE TABLE IF NOT EXISTS identity (
    warehouse_id VARCHAR NOT NULL,
    made_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE identity IS 'Which warehouse this is, one row. A run refuses another one in its place.';
COMMENT ON COLUMN identity.warehouse_id IS 'Random id, given when the warehouse was made; a backup keeps it.';
COMMENT ON COLUMN identity.made_at IS 'When the id was given, UTC.';
