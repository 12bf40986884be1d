"""Rules that correct the spans of an engine: first each span alone, then all spans of the document."""
