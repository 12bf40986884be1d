-- The versions of an article in the order in which they were fetched, each with what changed since the one before it.
SELECT
    v.article_id, v.version, v.version = a.version AS is_current, v.fetched_at, v.url, v.title, v.word_count,
    c.previous_version, c.kind, c.kinds, c.changed_sentences, c.sentences_before, c.sentences_after
FROM article_versions v
JOIN articles a ON a.article_id = v.article_id
LEFT JOIN version_changes c ON c.article_id = v.article_id AND c.version = v.version
WHERE v.article_id = ?
ORDER BY v.fetched_at, v.version;
