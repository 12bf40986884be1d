"""What a page says about its article: JSON-LD, meta and Open Graph tags, the visible byline and time, the URL."""
