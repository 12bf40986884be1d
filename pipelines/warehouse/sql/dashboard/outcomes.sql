-- Outcomes of the records by day and scraper, of the last so many days with records.
SELECT
    day, scraper, CAST(sum(records) AS BIGINT) AS records, CAST(sum(loaded) AS BIGINT) AS loaded,
    CAST(sum(new_version) AS BIGINT) AS new_version, CAST(sum(new_reading) AS BIGINT) AS new_reading,
    CAST(sum(unchanged) AS BIGINT) AS unchanged, CAST(sum(rejected) AS BIGINT) AS rejected,
    CAST(sum(quarantined) AS BIGINT) AS quarantined,
    CAST(sum(deleted + nothing_to_delete + suppressed + withdrawn) AS BIGINT) AS removed_or_suppressed
FROM marts.pipeline_health
WHERE day > (SELECT max(day) FROM marts.pipeline_health) - CAST($1 AS INTEGER)
GROUP BY day, scraper
ORDER BY day, scraper;
