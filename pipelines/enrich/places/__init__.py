"""Links the names of places to places: country, GeoNames id and coordinates."""
