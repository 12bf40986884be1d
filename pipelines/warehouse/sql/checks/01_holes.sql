-- Offsets between a partition's first and next that have no outcome and lie in no gap; or that have two.
WITH spans AS (
    SELECT topic, partition, kafka_offset AS start_offset, kafka_offset + 1 AS end_offset FROM ledger
    UNION ALL SELECT topic, partition, start_offset, end_offset FROM gaps
    UNION ALL SELECT topic, partition, first_offset, first_offset FROM partition_offsets
    UNION ALL SELECT topic, partition, next_offset, next_offset FROM partition_offsets
),
walked AS (
    SELECT topic, partition, start_offset, end_offset,
        max(end_offset) OVER (
            PARTITION BY topic, partition ORDER BY start_offset, end_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS reached
    FROM spans WHERE topic = coalesce($topic, topic)
)
SELECT topic || '/' || partition,
    CASE WHEN start_offset > reached
        THEN 'offsets ' || reached || ' to ' || (start_offset - 1) || ' have no outcome and lie in no gap'
        ELSE 'offsets ' || start_offset || ' to ' || (least(end_offset, reached) - 1) || ' are accounted for more than once' END
FROM walked
WHERE start_offset > reached OR (start_offset < reached AND end_offset > start_offset)
ORDER BY topic, partition, start_offset;
