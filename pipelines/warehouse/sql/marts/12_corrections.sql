-- Example: SELECT corrected_at, outlet_domain, title_before, title, words_before, words FROM marts.corrections ORDER BY corrected_at DESC, article_id LIMIT 10
CREATE OR REPLACE VIEW marts.corrections AS
WITH corrected AS (
    SELECT DISTINCT article_id FROM article_versions WHERE version > 1
),
texts AS (
    SELECT
        v.article_id, v.version, v.url, v.title, v.body, v.word_count, v.is_truncated, v.fetched_at,
        lag(v.version) OVER in_time AS previous_version,
        lag(v.title) OVER in_time AS title_before,
        lag(v.body) OVER in_time AS body_before,
        lag(v.word_count) OVER in_time AS words_before,
        lag(v.is_truncated) OVER in_time AS was_truncated,
        min(v.fetched_at) OVER (PARTITION BY v.article_id) AS first_fetched_at
    FROM article_versions v
    JOIN corrected c ON c.article_id = v.article_id
    WINDOW in_time AS (PARTITION BY v.article_id ORDER BY v.fetched_at, v.version)
)
SELECT
    t.article_id, t.version, t.previous_version, t.version = a.version AS is_current, a.outlet_domain, o.name AS outlet_name,
    coalesce(a.canonical_url, t.url) AS url, a.published_at, t.first_fetched_at, t.fetched_at AS corrected_at,
    CAST(extract(epoch FROM t.fetched_at - t.first_fetched_at) AS DOUBLE PRECISION) / 3600 AS hours_since_first,
    t.title_before, t.title, t.title <> t.title_before AS is_title_changed, t.body <> t.body_before AS is_body_changed,
    t.words_before, t.word_count AS words, t.is_truncated OR t.was_truncated AS has_teaser,
    d.kind, array_to_string(d.kinds, ', ') AS kinds, d.changed_sentences,
    array_to_string(d.sentences_before, chr(10)) AS sentences_before,
    array_to_string(d.sentences_after, chr(10)) AS sentences_after
FROM texts t
JOIN articles a ON a.article_id = t.article_id
LEFT JOIN outlets o ON o.domain = a.outlet_domain
LEFT JOIN version_changes d ON d.article_id = t.article_id AND d.version = t.version
WHERE t.previous_version IS NOT NULL;
COMMENT ON VIEW marts.corrections IS 'What outlets changed in articles after the first version was fetched: one row for each later version, compared with the version that was fetched before it.';
COMMENT ON COLUMN marts.corrections.article_id IS 'Identity of the article.';
COMMENT ON COLUMN marts.corrections.version IS 'Number of the changed version, as in article_versions: versions are numbered in the order of loading.';
COMMENT ON COLUMN marts.corrections.previous_version IS 'Number of the version that was fetched before it.';
COMMENT ON COLUMN marts.corrections.is_current IS 'Whether the changed version is the article''s current one.';
COMMENT ON COLUMN marts.corrections.outlet_domain IS 'Registered domain of the publisher; null for articles without a URL.';
COMMENT ON COLUMN marts.corrections.outlet_name IS 'Name of the publisher; null if no article gives one.';
COMMENT ON COLUMN marts.corrections.url IS 'Canonical URL of the article, or the URL that the version was fetched from; null if there is none.';
COMMENT ON COLUMN marts.corrections.published_at IS 'When the article was published, UTC; null if its page does not say.';
COMMENT ON COLUMN marts.corrections.first_fetched_at IS 'When the first version was fetched, UTC.';
COMMENT ON COLUMN marts.corrections.corrected_at IS 'When the changed version was first fetched, UTC. The outlet made the change between the fetches of the two versions.';
COMMENT ON COLUMN marts.corrections.hours_since_first IS 'Hours between first_fetched_at and corrected_at.';
COMMENT ON COLUMN marts.corrections.title_before IS 'Headline of the version before.';
COMMENT ON COLUMN marts.corrections.title IS 'Headline of the changed version.';
COMMENT ON COLUMN marts.corrections.is_title_changed IS 'Whether the two headlines differ.';
COMMENT ON COLUMN marts.corrections.is_body_changed IS 'Whether the two bodies differ.';
COMMENT ON COLUMN marts.corrections.words_before IS 'Number of words in the body of the version before.';
COMMENT ON COLUMN marts.corrections.words IS 'Number of words in the body of the changed version.';
COMMENT ON COLUMN marts.corrections.has_teaser IS 'Whether one of the two versions has only a teaser as body: the difference is then one of access, not a correction.';
COMMENT ON COLUMN marts.corrections.kind IS 'Kind of change that matters most: withdrawal, notice (of a correction or clarification), figures (numbers, amounts, dates), rewritten, removal, addition, headline or typo; null for versions that were loaded before this was recorded.';
COMMENT ON COLUMN marts.corrections.kinds IS 'Every kind of change between the two versions, separated by commas.';
COMMENT ON COLUMN marts.corrections.changed_sentences IS 'Number of sentences of the body that changed.';
COMMENT ON COLUMN marts.corrections.sentences_before IS 'The first 20 changed sentences as they were, each a line of at most 300 characters; the line of a sentence that was added is empty.';
COMMENT ON COLUMN marts.corrections.sentences_after IS 'The same sentences as they are in the changed version, line by line; the line of a sentence that was removed is empty.';
