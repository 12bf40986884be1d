-- The current text of an article.
SELECT body FROM articles WHERE article_id = $1;
