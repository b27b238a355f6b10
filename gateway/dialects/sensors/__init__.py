"""What the fields of a sensor model mean, as tables. Pure."""
