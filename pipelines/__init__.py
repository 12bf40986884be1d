"""Dateline's pipeline: from raw scraped pages to articles in a warehouse."""
