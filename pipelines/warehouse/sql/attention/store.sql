-- Stores the attention to entities whose articles have changed. The marts count it anew until attention.changed is emptied.
DELETE FROM attention.by_day AS d
USING (SELECT DISTINCT CAST(dated_at AT TIME ZONE 'UTC' AS DATE) AS day, entity_id FROM attention.changed) c
WHERE c.day = d.day AND c.entity_id = d.entity_id;
INSERT INTO attention.by_day
SELECT m.day, m.entity_id, m.articles, m.stories, m.outlets, m.mentions, m.in_titles, m.salience, m.undated
FROM attention.days m
WHERE EXISTS (
    SELECT 1 FROM attention.changed c
    WHERE CAST(c.dated_at AT TIME ZONE 'UTC' AS DATE) = m.day AND c.entity_id = m.entity_id
);
DELETE FROM attention.by_week AS w
USING (
    SELECT DISTINCT CAST(date_trunc('week', dated_at AT TIME ZONE 'UTC') AS DATE) AS week, entity_id FROM attention.changed
) c
WHERE c.week = w.week AND c.entity_id = w.entity_id;
INSERT INTO attention.by_week
SELECT m.week, m.entity_id, m.articles, m.stories
FROM attention.weeks m
WHERE EXISTS (
    SELECT 1 FROM attention.changed c
    WHERE CAST(date_trunc('week', c.dated_at AT TIME ZONE 'UTC') AS DATE) = m.week AND c.entity_id = m.entity_id
);
DELETE FROM attention.changed;
