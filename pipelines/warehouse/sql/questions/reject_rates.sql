-- How much of each scraper's records is rejected, and why mostly; the highest share first.
WITH reasons AS (
    SELECT coalesce(scraper, '(unknown)') AS scraper, reason,
        row_number() OVER (PARTITION BY coalesce(scraper, '(unknown)') ORDER BY count(*) DESC, reason) AS rank
    FROM ledger WHERE outcome = 'rejected' GROUP BY coalesce(scraper, '(unknown)'), reason
),
counts AS (
    SELECT coalesce(scraper, '(unknown)') AS scraper, count(*) AS records,
        count(CASE WHEN outcome = 'rejected' THEN 1 END) AS rejected
    FROM ledger GROUP BY coalesce(scraper, '(unknown)')
)
SELECT c.scraper, c.records, c.rejected, CAST(round(c.rejected * 1.0 / c.records, 3) AS DOUBLE PRECISION) AS share, r.reason AS mostly
FROM counts c LEFT JOIN reasons r ON r.scraper = c.scraper AND r.rank = 1
ORDER BY share DESC, c.records DESC, c.scraper;
