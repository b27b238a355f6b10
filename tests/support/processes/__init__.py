"""Processes: those that tests start, and what the kernel says of others."""
