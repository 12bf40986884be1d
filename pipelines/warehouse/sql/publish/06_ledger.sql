-- One row for each Kafka record of the batch, and its gaps.
INSERT INTO ledger (
    topic, partition, kafka_offset, message_at, outcome, reason, scraper, article_id, version, fingerprint, run_id,
    batch_id, first_outcome, first_reason, replayed_in, removed_in, key_id, fetched_at,
    other_article_ids
)
SELECT
    o.topic, o.partition, o.kafka_offset, o.message_at, coalesce(r.outcome, o.outcome), o.reason, o.scraper,
    coalesce(r.article_id, o.article_id), r.version, o.fingerprint, b.run_id, b.batch_id,
    coalesce(r.outcome, o.outcome), o.reason, NULL, CASE WHEN r.is_removed THEN b.batch_id END,
    o.key_id, s.fetched_at, o.other_article_ids
FROM staged_outcomes o
CROSS JOIN this_batch b
LEFT JOIN resolution r ON r.topic = o.topic AND r.partition = o.partition AND r.kafka_offset = o.kafka_offset
LEFT JOIN staged_articles s
  ON s.source_topic = o.topic AND s.source_partition = o.partition AND s.source_offset = o.kafka_offset
WHERE b.kind = 'ingest';

INSERT INTO gaps (topic, partition, start_offset, end_offset, kind, run_id, batch_id)
SELECT g.topic, g.partition, g.start_offset, g.end_offset, g.kind, b.run_id, b.batch_id
FROM staged_gaps g CROSS JOIN this_batch b;

INSERT INTO dead_letters (
    dead_letter_id, topic, partition, kafka_offset, message_at, step, reason, details, fingerprint, processor,
    rejected_at, scraper, message_key, header_names, header_values, original, original_path, original_bytes, attempts,
    run_id, batch_id, resolved_at, resolved_in
)
SELECT
    i.dead_letter_id, d.topic, d.partition, d.kafka_offset, d.message_at, d.step, d.reason, d.details, d.fingerprint,
    d.processor, d.rejected_at, d.scraper, d.message_key, d.header_names, d.header_values, d.original, d.original_path,
    d.original_bytes, 1, b.run_id, b.batch_id, NULL, NULL
FROM staged_dead_letters d
JOIN dead_letter_ids i ON i.topic = d.topic AND i.partition = d.partition AND i.kafka_offset = d.kafka_offset
CROSS JOIN this_batch b
WHERE b.kind = 'ingest';
