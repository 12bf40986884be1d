-- In which languages are the articles, and how long are they?
SELECT
    language, count(*) AS articles, count(DISTINCT outlet_domain) AS outlets,
    CAST(avg(CASE WHEN NOT is_truncated AND word_count > 0 THEN word_count END) AS DOUBLE PRECISION) AS mean_words
FROM articles
GROUP BY language
ORDER BY articles DESC, language NULLS LAST;
