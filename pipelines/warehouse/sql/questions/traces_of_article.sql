-- Headlines, bodies and addresses of an article, withdrawn ones too.
SELECT title, body, url FROM article_versions WHERE article_id = $1
UNION
SELECT title, body, url FROM withdrawn_articles WHERE article_id = $1
UNION
SELECT title, '', canonical_url FROM articles WHERE article_id = $1
ORDER BY 1, 2, 3;
