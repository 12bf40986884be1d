CREATE TABLE IF NOT EXISTS story_bands (
    band BIGINT NOT NULL,
    article_id VARCHAR NOT NULL
);
COMMENT ON TABLE story_bands IS 'Lookup keys by which copies of a story are found: bands of the current articles'' signatures.';
COMMENT ON COLUMN story_bands.band IS 'Hash of three places of articles.story_signature.';
COMMENT ON COLUMN story_bands.article_id IS 'The article whose signature has the band.';
