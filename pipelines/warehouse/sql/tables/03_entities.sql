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
