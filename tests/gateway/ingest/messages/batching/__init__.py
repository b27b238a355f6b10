"""Messages that are taken together."""
