"""Spans of an engine become mentions' spans: rules on one span, then rules on the document."""
