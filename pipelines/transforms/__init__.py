"""Beam, and only Beam: the steps as transforms, with one idiom (``Step`` → passed, rejected)."""
