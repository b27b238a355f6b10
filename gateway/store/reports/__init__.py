"""Residents' reports: their tables and what is read of them.

Owns the statements. Must not judge a report nor decide who sees one.
"""
