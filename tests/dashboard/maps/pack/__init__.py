"""A site's own map in one file."""
