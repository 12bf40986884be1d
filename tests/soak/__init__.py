"""Kills ``dateline ingest`` at random moments, many times, and compares the ledger with those of an undisturbed run."""
