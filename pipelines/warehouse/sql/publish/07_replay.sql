-- A replay closes the entries of records that were rejected, a release of those that were held; what fails again counts an attempt.
UPDATE ledger SET
    outcome = coalesce(r.outcome, o.outcome),
    reason = o.reason,
    scraper = coalesce(o.scraper, ledger.scraper),
    article_id = coalesce(r.article_id, o.article_id, ledger.article_id),
    version = r.version,
    fingerprint = o.fingerprint,
    replayed_in = b.batch_id,
    removed_in = CASE WHEN r.is_removed THEN b.batch_id END,
    key_id = coalesce(ledger.key_id, o.key_id),
    fetched_at = s.fetched_at,
    other_article_ids = CASE WHEN o.outcome = 'rejected' THEN
        list_distinct(list_concat([ledger.article_id], ledger.other_article_ids, o.other_article_ids)) END
FROM staged_outcomes o
CROSS JOIN this_batch b
LEFT JOIN resolution r ON r.topic = o.topic AND r.partition = o.partition AND r.kafka_offset = o.kafka_offset
LEFT JOIN staged_articles s
  ON s.source_topic = o.topic AND s.source_partition = o.partition AND s.source_offset = o.kafka_offset
WHERE b.kind <> 'ingest'
  AND ledger.topic = o.topic AND ledger.partition = o.partition AND ledger.kafka_offset = o.kafka_offset;

UPDATE dead_letters SET
    attempts = attempts + 1, step = d.step, reason = d.reason, details = d.details, fingerprint = d.fingerprint,
    processor = d.processor, rejected_at = d.rejected_at, scraper = coalesce(d.scraper, dead_letters.scraper)
FROM staged_dead_letters d
CROSS JOIN this_batch b
WHERE b.kind = 'replay' AND dead_letters.resolved_at IS NULL
  AND dead_letters.topic = d.topic AND dead_letters.partition = d.partition AND dead_letters.kafka_offset = d.kafka_offset;

UPDATE dead_letters SET resolved_at = b.published_at, resolved_in = b.batch_id
FROM staged_outcomes o
CROSS JOIN this_batch b
WHERE b.kind = 'replay' AND o.outcome <> 'rejected' AND dead_letters.resolved_at IS NULL
  AND dead_letters.topic = o.topic AND dead_letters.partition = o.partition AND dead_letters.kafka_offset = o.kafka_offset;
