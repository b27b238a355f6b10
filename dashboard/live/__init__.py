"""The live map, the list of traps, their updates and the JSON API."""
