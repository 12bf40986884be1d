"""Prefect flows and the command line: they orchestrate and hold no rules about news."""
