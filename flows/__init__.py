"""Prefect flows and the command line: they orchestrate the pipeline and contain no rules about news."""
