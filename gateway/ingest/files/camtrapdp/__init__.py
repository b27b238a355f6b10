"""Camtrap DP: the meaning of a package (`package`), its files as rows (`tables`), one cell (`cells`). PURE.

Owns the reading. Must not open files or the store.
"""
