"""Runs a job over offset ranges: by worker processes of this machine, or by any Beam runner."""
