"""Benchmarks are commands, not tests; training needs a library that nothing else does."""

collect_ignore = ["train.py"]
