-- How each scraper did, which are held now, and the articles that wait for those. Where every record of a scraper has an
-- implausible time, it is taken to have come last when it did before.
INSERT INTO source_batches (
    batch_id, source, position, published_at, last_message_at, records, rejected, consent_walls, articles, dates_ahead,
    words, words_low, words_high, languages, is_held, is_compared
)
SELECT
    b.batch_id, f.source, coalesce(p.position, 0) + 1, b.published_at,
    coalesce(f.last_message_at, p.last_message_at, b.staged_at), f.records, f.rejected, f.consent_walls, f.articles,
    f.dates_ahead, f.words, f.words_low, f.words_high, f.languages, h.source IS NOT NULL, h.source IS NULL
FROM new_figures f
CROSS JOIN this_batch b
LEFT JOIN held_sources h ON h.source = f.source
LEFT JOIN (
    SELECT source, max(position) AS position, max(last_message_at) AS last_message_at FROM source_batches GROUP BY source
) p ON p.source = f.source;

INSERT INTO sources (source, state, since, why, batch_id, released_at)
SELECT o.scraper, 'flowing', b.published_at, NULL, b.batch_id, NULL
FROM (SELECT DISTINCT scraper FROM staged_outcomes WHERE scraper IS NOT NULL AND outcome <> 'deleted') o
CROSS JOIN this_batch b
WHERE b.kind <> 'release' AND NOT EXISTS (SELECT 1 FROM sources s WHERE s.source = o.scraper);

UPDATE sources SET state = 'held', since = b.published_at, why = t.why, batch_id = b.batch_id
FROM new_trips t CROSS JOIN this_batch b
WHERE sources.source = t.source;

DELETE FROM held_articles
USING staged_outcomes o, this_batch b
WHERE b.kind = 'release' AND held_articles.topic = o.topic AND held_articles.partition = o.partition
  AND held_articles.kafka_offset = o.kafka_offset;

INSERT INTO held_articles (
    topic, partition, kafka_offset, message_at, source, article_id, article, schema_version, batch_id
)
SELECT
    w.topic, w.partition, w.kafka_offset, o.message_at, w.source, w.article_id, w.article, w.schema_version, b.batch_id
FROM new_held_articles w
JOIN staged_outcomes o ON o.topic = w.topic AND o.partition = w.partition AND o.kafka_offset = w.kafka_offset
CROSS JOIN this_batch b;
