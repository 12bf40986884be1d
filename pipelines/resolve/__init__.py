"""Decides what a batch changes of people, entities and outlets: no SQL, no database."""
