-- Which outlets reserve text and data mining, restrict robots, or ask for payment?
SELECT
    outlet_domain, count(*) AS articles, count(CASE WHEN tdm_reserved THEN 1 END) AS tdm_reserved,
    count(CASE WHEN 'noai' = ANY(robots) OR 'noimageai' = ANY(robots) THEN 1 END) AS noai,
    count(CASE WHEN 'noarchive' = ANY(robots) THEN 1 END) AS noarchive,
    count(CASE WHEN 'noindex' = ANY(robots) OR 'nosnippet' = ANY(robots) THEN 1 END) AS noindex_or_nosnippet,
    count(CASE WHEN NOT is_accessible_for_free THEN 1 END) AS paid,
    count(body_withheld_for) AS without_body, min(tdm_policy) AS a_tdm_policy, min(license) AS a_license
FROM articles
GROUP BY outlet_domain
HAVING count(CASE WHEN tdm_reserved OR robots IS NOT NULL OR NOT is_accessible_for_free THEN 1 END) > 0
ORDER BY tdm_reserved DESC, articles DESC, outlet_domain NULLS LAST;
