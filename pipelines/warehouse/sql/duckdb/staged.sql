-- What DuckDB alone needs: staged Parquet (views file_articles, file_outcomes, file_gaps, file_dead_letters) laid flat
-- under the names and columns that the files in publish/ read.
CREATE TEMP VIEW staged_articles AS
SELECT
    article_id, content_hash, url, canonical_url, outlet.domain AS outlet_domain, outlet.name AS outlet_name, title, body,
    list_transform(authors, lambda author : author.name) AS authors,
    list_transform(authors, lambda author : author.type) AS author_types,
    published_at, published_zone, modified_at, dateline.place AS dateline_place, dateline.agency AS dateline_agency,
    language, section, tags, image_url, word_count, is_truncated, story_signature, to_json(evidence) AS evidence, warnings,
    fetched_at, processed_at, processor, scraper,
    source.topic AS source_topic, source.partition AS source_partition, source."offset" AS source_offset
FROM file_articles;

CREATE TEMP VIEW staged_mentions AS
SELECT
    source.topic AS source_topic, source.partition AS source_partition, source."offset" AS source_offset, article_id,
    generate_subscripts(mentions, 1) AS position, unnest(mentions) AS mention
FROM file_articles;

CREATE TEMP VIEW staged_entities AS
SELECT
    source.topic AS source_topic, source.partition AS source_partition, source."offset" AS source_offset, article_id,
    generate_subscripts(entities, 1) AS position, unnest(entities) AS entity
FROM file_articles;

CREATE TEMP VIEW staged_dead_letters AS
SELECT
    source.topic AS topic, source.partition AS partition, source."offset" AS kafka_offset, "timestamp" AS message_at,
    step, reason, to_json(details) AS details, fingerprint, processor, rejected_at, scraper, "key" AS message_key,
    list_transform(headers, lambda header : header.name) AS header_names,
    list_transform(headers, lambda header : header.value) AS header_values,
    original, original_path, original_bytes
FROM file_dead_letters;
