-- Takedowns of which a run was stopped before every store was cleaned.
SELECT takedown_id, scope, reason, requested_by, requested_at, expires_at, outlet_domain
FROM takedowns WHERE completed_at IS NULL ORDER BY requested_at, takedown_id;
