-- Records of a topic in ranges of offsets, by scraper and by their first outcome and reason, which never change; the scrapers
-- with the most records first. $1 is the topic, $2 to $4 are the partitions with their first and last offsets (excluded).
WITH ranges AS (
    SELECT unnest(CAST($2 AS INTEGER[])) AS partition, unnest(CAST($3 AS BIGINT[])) AS start_offset,
        unnest(CAST($4 AS BIGINT[])) AS end_offset
),
counts AS (
    SELECT coalesce(l.scraper, '(unknown)') AS scraper, l.first_outcome AS outcome, l.first_reason AS reason,
        count(*) AS records, max(l.message_at) AS last_message_at
    FROM ranges r
    JOIN ledger l ON l.topic = $1 AND l.partition = r.partition
        AND l.kafka_offset >= r.start_offset AND l.kafka_offset < r.end_offset
    GROUP BY coalesce(l.scraper, '(unknown)'), l.first_outcome, l.first_reason
)
SELECT scraper, outcome, reason, records, last_message_at
FROM counts
ORDER BY sum(records) OVER (PARTITION BY scraper) DESC, scraper, outcome, reason;
