"""The contracts: Avro schemas by subject and version, and expectations as data."""
