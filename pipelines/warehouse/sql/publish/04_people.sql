-- Profiles of people by name and kind of occupation, as the batch leaves them; rows of a kind that stands for another
-- person now follow it. Rows that the batch itself loads have their person already.
DELETE FROM people
USING (SELECT name_id, occupation FROM changed_walks UNION ALL SELECT name_id, occupation FROM gone_walks) w
WHERE w.name_id = people.name_id AND w.occupation = people.occupation;
INSERT INTO people (name_id, occupation, entity_id, article_count, first_fetched_at, company)
SELECT name_id, occupation, entity_id, article_count, first_fetched_at, company FROM changed_walks;

UPDATE mentions SET entity_id = m.entity_id
FROM moved_people m
JOIN article_entities e ON e.name_id = m.name_id AND e.occupation = m.occupation AND e.entity_id = m.former_id
WHERE e.article_id = mentions.article_id AND mentions.entity_id = m.former_id;

UPDATE article_entities SET entity_id = m.entity_id
FROM moved_people m
WHERE m.name_id = article_entities.name_id AND m.occupation = article_entities.occupation
  AND m.former_id = article_entities.entity_id;

-- Articles that state no occupation and share their company with another person of the name now.
UPDATE mentions SET entity_id = n.entity_id
FROM assigned_anew n
WHERE n.article_id = mentions.article_id AND n.former_id = mentions.entity_id;

UPDATE article_entities SET entity_id = n.entity_id
FROM assigned_anew n
WHERE n.article_id = article_entities.article_id AND n.name_id = article_entities.name_id;
