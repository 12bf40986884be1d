-- The scorecard of every outlet.
SELECT
    outlet_domain, outlet_name, articles, stories, share_dated, share_with_authors, share_truncated, share_shared,
    share_with_warnings, share_corrected, mean_words, last_fetched_at
FROM marts.outlet_scorecard
ORDER BY articles DESC, outlet_domain;
