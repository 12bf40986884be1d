"""Names of places become places: country, GeoNames id, coordinates."""
