"""Who reads what of a hub, by page and by SQL."""
