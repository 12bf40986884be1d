-- Number of articles whose text has a phrase, without those of a takedown: the ids, or an outlet.
SELECT count(*) FROM articles
WHERE position($1 IN body) > 0 AND NOT (article_id = ANY($2)) AND outlet_domain IS DISTINCT FROM $3;
