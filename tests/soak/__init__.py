"""Kills ``dateline ingest`` at random moments, many times, and compares the books with those of an undisturbed run."""
