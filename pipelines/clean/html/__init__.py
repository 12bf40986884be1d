"""Pages in HTML: markup to a tree, the tree to an article's body, and what kind of page it is."""
