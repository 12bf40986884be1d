"""Prometheus metrics: what the warehouse and Kafka know of the pipeline, read anew for every scrape."""
