"""HTML pages: parses the markup into a tree, finds the article's body in it, and classifies the page."""
