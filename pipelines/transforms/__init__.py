"""Beam transforms around the steps, with one idiom: ``Step`` has the outputs passed and rejected."""
