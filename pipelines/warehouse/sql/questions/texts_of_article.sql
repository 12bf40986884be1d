-- Headline, body and byline of every version of an article, withdrawn ones too.
SELECT title, body, authors FROM (
    SELECT version, title, body, authors FROM article_versions WHERE article_id = $1
    UNION ALL
    SELECT version, title, body, authors FROM withdrawn_articles WHERE article_id = $1
) texts
ORDER BY version;
