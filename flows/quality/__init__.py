"""The quality report: one self-contained HTML page for each run."""
