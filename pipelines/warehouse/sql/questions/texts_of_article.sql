-- Headline, body and byline of every version of an article.
SELECT title, body, authors FROM article_versions WHERE article_id = $1 ORDER BY version;
