"""The always-on service between sensors and people."""
