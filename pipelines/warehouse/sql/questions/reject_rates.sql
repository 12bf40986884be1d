-- Each scraper's share of rejected records, with its most frequent reason, worst first.
SELECT
    s.scraper, s.records, s.rejected, s.rejected * 1.0 / s.records AS share,
    (SELECT l.reason FROM ledger l
     WHERE coalesce(l.scraper, '(unknown)') = s.scraper AND l.outcome = 'rejected'
     GROUP BY l.reason ORDER BY count(*) DESC, l.reason LIMIT 1) AS mostly
FROM (
    SELECT coalesce(scraper, '(unknown)') AS scraper, count(*) AS records,
           count(CASE WHEN outcome = 'rejected' THEN 1 END) AS rejected
    FROM ledger GROUP BY coalesce(scraper, '(unknown)')
) s
ORDER BY share DESC, s.records DESC, s.scraper;
