-- Articles that were fetched from an address, or whose canonical address it is, withdrawn ones too.
SELECT article_id FROM articles WHERE url = $1 OR canonical_url = $1
UNION
SELECT article_id FROM article_versions WHERE url = $1
UNION
SELECT article_id FROM withdrawn_articles WHERE url = $1
ORDER BY 1;
