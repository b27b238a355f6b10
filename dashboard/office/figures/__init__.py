"""Captures with their effort, year beside year."""
