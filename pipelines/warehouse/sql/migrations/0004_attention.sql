-- Entities repeat when, by whom and in which story their article was published, so that attention is counted without a join.
ALTER TABLE article_entities ADD COLUMN IF NOT EXISTS dated_at TIMESTAMPTZ;
ALTER TABLE article_entities ADD COLUMN IF NOT EXISTS is_dated BOOLEAN;
ALTER TABLE article_entities ADD COLUMN IF NOT EXISTS outlet_domain VARCHAR;
ALTER TABLE article_entities ADD COLUMN IF NOT EXISTS story_id VARCHAR;
UPDATE article_entities SET
    dated_at = coalesce(a.published_at, a.fetched_at),
    is_dated = a.published_at IS NOT NULL,
    outlet_domain = a.outlet_domain,
    story_id = a.story_id
FROM articles a
WHERE a.article_id = article_entities.article_id;
