"""The views of the dashboard, a module for each."""
