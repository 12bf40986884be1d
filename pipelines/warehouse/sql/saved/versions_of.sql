-- Which versions of an article does the archive have, and from which message did each come?
-- Parameter: url text, such as https://northgate-courier.example/business/2026/mar/2/dock-strike-begins: URL of the article, canonical or as fetched.
SELECT
    v.version, v.version = a.version AS is_current, v.fetched_at, v.title, v.word_count, v.scraper,
    v.coordinates_topic AS topic, v.coordinates_partition AS partition, v.coordinates_offset AS kafka_offset
FROM articles a
JOIN article_versions v ON v.article_id = a.article_id
WHERE CAST($url AS VARCHAR) IN (a.canonical_url, a.url, v.url)
ORDER BY v.fetched_at, v.version;
