-- Articles whose row is there twice, or is not one of their versions; versions without an article.
SELECT min(coordinates_topic || '/' || coordinates_partition || '@' || coordinates_offset),
    'article ' || article_id || ' has ' || count(*) || ' rows'
FROM articles
WHERE coordinates_topic = coalesce($topic, coordinates_topic)
GROUP BY article_id HAVING count(*) > 1
ORDER BY article_id;

SELECT coalesce(a.coordinates_topic || '/' || a.coordinates_partition || '@' || a.coordinates_offset,
        v.coordinates_topic || '/' || v.coordinates_partition || '@' || v.coordinates_offset),
    'article ' || coalesce(a.article_id, v.article_id) ||
    CASE WHEN v.article_id IS NULL THEN ' shows a version that is not there' ELSE ' has versions, but no row' END
FROM articles a
FULL JOIN (
    SELECT article_id, version, content_hash, coordinates_topic, coordinates_partition, coordinates_offset,
        row_number() OVER (PARTITION BY article_id ORDER BY version) AS rank
    FROM article_versions
) v ON v.article_id = a.article_id AND v.version = a.version AND v.content_hash = a.content_hash
WHERE (v.article_id IS NULL OR (a.article_id IS NULL AND v.rank = 1
        AND NOT EXISTS (SELECT 1 FROM articles o WHERE o.article_id = v.article_id)))
  AND coalesce(a.coordinates_topic, v.coordinates_topic) = coalesce($topic, a.coordinates_topic, v.coordinates_topic)
ORDER BY 1;
