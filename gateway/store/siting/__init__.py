"""Kept plans of trap sites: their table. Must not compare a plan with captures."""
