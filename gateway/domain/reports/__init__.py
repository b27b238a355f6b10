"""Residents' reports: their values, life, duplicates, and who is near one. PURE: no clock, store or page."""
