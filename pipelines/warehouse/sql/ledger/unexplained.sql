-- Offsets of a range that have no outcome and lie in no gap (unexplained), or that have more than one of them (doubled).
WITH spans AS (
    SELECT kafka_offset AS start_offset, kafka_offset + 1 AS end_offset FROM ledger
    WHERE topic = $topic AND partition = $partition AND kafka_offset >= $start AND kafka_offset < $end
    UNION ALL
    SELECT greatest(start_offset, $start), least(end_offset, $end) FROM gaps
    WHERE topic = $topic AND partition = $partition AND end_offset > $start AND start_offset < $end
      AND end_offset > start_offset
    UNION ALL SELECT CAST($start AS BIGINT), CAST($start AS BIGINT)
    UNION ALL SELECT CAST($end AS BIGINT), CAST($end AS BIGINT)
),
walked AS (
    SELECT start_offset, end_offset,
        max(end_offset) OVER (ORDER BY start_offset, end_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
    FROM spans
)
SELECT CASE WHEN start_offset > reached THEN 'unexplained' ELSE 'doubled' END,
    CASE WHEN start_offset > reached THEN reached ELSE start_offset END,
    CASE WHEN start_offset > reached THEN start_offset ELSE least(end_offset, reached) END
FROM walked
WHERE start_offset > reached OR (start_offset < reached AND end_offset > start_offset)
ORDER BY start_offset, end_offset;
