"""Backups of the whole gateway."""
