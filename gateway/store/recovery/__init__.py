"""Integrity check, salvage of damaged files, backup."""
