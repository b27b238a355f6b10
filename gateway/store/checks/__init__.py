"""Checks of captures by the office: their table.

Owns the statements. Must not judge a check nor delete one.
"""
