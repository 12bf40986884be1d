-- Who and what the current articles name. All three are rebuilt for the articles of a batch when it is published.
CREATE TABLE IF NOT EXISTS mentions (
    article_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    entity_id VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    start_char INTEGER NOT NULL,
    end_char INTEGER NOT NULL,
    sentence INTEGER NOT NULL,
    in_title BOOLEAN NOT NULL,
    confidence DOUBLE PRECISION NOT NULL
);
COMMENT ON TABLE mentions IS 'Every span of a current article''s body that names something.';
COMMENT ON COLUMN mentions.article_id IS 'The article whose body holds the span.';
COMMENT ON COLUMN mentions.version IS 'Version of the article that the offsets point into: its current one.';
COMMENT ON COLUMN mentions.position IS 'Place of the mention among the article''s mentions, from 1.';
COMMENT ON COLUMN mentions.text IS 'The span itself.';
COMMENT ON COLUMN mentions.start_char IS 'First character of the span in articles.body, from 0, in Unicode code points.';
COMMENT ON COLUMN mentions.end_char IS 'Character after the span in articles.body, from 0.';

CREATE TABLE IF NOT EXISTS article_entities (
    article_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    entity_id VARCHAR NOT NULL,
    name_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    country VARCHAR,
    geonames_id BIGINT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    occupation VARCHAR,
    mention_count INTEGER NOT NULL,
    in_title BOOLEAN NOT NULL,
    salience DOUBLE PRECISION NOT NULL
);
ALTER TABLE article_entities ADD COLUMN IF NOT EXISTS name_id VARCHAR;
ALTER TABLE article_entities ADD COLUMN IF NOT EXISTS occupation VARCHAR;
UPDATE article_entities SET name_id = entity_id WHERE name_id IS NULL;
COMMENT ON TABLE article_entities IS 'The entities of each current article, a row an article and entity.';
COMMENT ON COLUMN article_entities.article_id IS 'The article that names the entity.';
COMMENT ON COLUMN article_entities.version IS 'Version of the article that names it: its current one.';
COMMENT ON COLUMN article_entities.name_id IS 'The entity that the name and type alone tell; several people of one name share it.';
COMMENT ON COLUMN article_entities.position IS 'Rank of the entity in the article by salience, from 1.';

CREATE TABLE IF NOT EXISTS entities (
    entity_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    country VARCHAR,
    geonames_id BIGINT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    occupation VARCHAR,
    article_count BIGINT NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL
);
ALTER TABLE entities ADD COLUMN IF NOT EXISTS occupation VARCHAR;
COMMENT ON TABLE entities IS 'Who and what is named by the current articles, a row an entity.';
COMMENT ON COLUMN entities.name IS 'The name that most articles give it; among equals the longest, then the first in the alphabet.';
COMMENT ON COLUMN entities.occupation IS 'Kind of occupation that most articles tell of a person: public_office, business, sport, arts, science or religion.';
COMMENT ON COLUMN entities.article_count IS 'Current articles that name it.';
COMMENT ON COLUMN entities.first_seen_at IS 'When the first article that names it was fetched, UTC.';
COMMENT ON COLUMN entities.last_seen_at IS 'When the last article that names it was fetched, UTC.';

-- What entities and people are counted from: a batch reads and writes the rows of its own names, and no articles.
CREATE TABLE IF NOT EXISTS entity_forms (
    entity_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    country VARCHAR,
    geonames_id BIGINT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    occupation VARCHAR,
    article_count BIGINT NOT NULL
);
COMMENT ON TABLE entity_forms IS 'The ways in which the current articles describe each entity, a row a way.';
COMMENT ON COLUMN entity_forms.name IS 'The fullest name that an article gives the entity.';
COMMENT ON COLUMN entity_forms.article_count IS 'Current articles that describe it so.';

CREATE TABLE IF NOT EXISTS people (
    name_id VARCHAR NOT NULL,
    occupation VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    article_count BIGINT NOT NULL,
    first_fetched_at TIMESTAMPTZ NOT NULL,
    company BIGINT[] NOT NULL
);
COMMENT ON TABLE people IS 'What is known of the people of each name, a row a name and kind of occupation: the profiles by which namesakes are distinguished.';
COMMENT ON COLUMN people.name_id IS 'The name: article_entities.name_id.';
COMMENT ON COLUMN people.occupation IS 'Kind of occupation that articles state of the name; empty for articles that state none.';
COMMENT ON COLUMN people.entity_id IS 'The person that these articles name.';
COMMENT ON COLUMN people.article_count IS 'Current articles that state the kind of occupation.';
COMMENT ON COLUMN people.first_fetched_at IS 'When the first of them was fetched, UTC.';
COMMENT ON COLUMN people.company IS 'Sample of the people and organisations that they name besides: the 64 smallest of their ids, by the first 15 digits.';

-- Warehouses that were loaded before these tables were there.
INSERT INTO entity_forms
SELECT entity_id, name, type, country, geonames_id, latitude, longitude, occupation, count(*)
FROM article_entities
WHERE NOT EXISTS (SELECT 1 FROM entity_forms)
GROUP BY entity_id, name, type, country, geonames_id, latitude, longitude, occupation;

INSERT INTO people
WITH namings AS (
    SELECT e.name_id, e.article_id, e.entity_id, a.fetched_at,
        coalesce(CASE e.occupation WHEN 'business' THEN 'public_office' ELSE e.occupation END, '') AS occupation
    FROM article_entities e JOIN articles a ON a.article_id = e.article_id
    WHERE e.type = 'PER' AND NOT EXISTS (SELECT 1 FROM people)
),
companions AS (
    SELECT article_id, name_id, CAST('0x' || left(name_id, 15) AS BIGINT) AS hash
    FROM article_entities WHERE type IN ('PER', 'ORG')
)
SELECT
    n.name_id, n.occupation, CASE n.occupation WHEN '' THEN n.name_id ELSE max(n.entity_id) END,
    count(DISTINCT n.article_id), min(n.fetched_at),
    coalesce(list_slice(list_sort(list_distinct(list(c.hash) FILTER (c.hash IS NOT NULL))), 1, 64), [])
FROM namings n
LEFT JOIN companions c ON c.article_id = n.article_id AND c.name_id <> n.name_id
GROUP BY n.name_id, n.occupation;
