-- What the batch changes, noted before it is changed: entities and outlets are counted anew for these.
CREATE TEMP TABLE touched_articles AS
SELECT article_id FROM article_states UNION SELECT article_id FROM deleted_articles;

CREATE TEMP TABLE touched_entities AS
SELECT DISTINCT entity_id FROM article_entities WHERE article_id IN (SELECT article_id FROM touched_articles)
UNION SELECT name_id FROM new_article_entities;

CREATE TEMP TABLE touched_names AS
SELECT DISTINCT name_id FROM article_entities
WHERE type = 'PER' AND article_id IN (SELECT article_id FROM touched_articles)
UNION SELECT name_id FROM new_article_entities WHERE type = 'PER';

CREATE TEMP TABLE touched_outlets AS
SELECT DISTINCT outlet_domain AS domain FROM articles
WHERE article_id IN (SELECT article_id FROM touched_articles) AND outlet_domain IS NOT NULL
UNION SELECT outlet_domain FROM staged_articles WHERE outlet_domain IS NOT NULL;
