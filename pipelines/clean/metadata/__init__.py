"""The metadata of an article: from JSON-LD, meta and Open Graph tags, the visible byline and time, and the URL."""
