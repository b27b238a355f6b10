"""Imports of files: what each of them added, so that one can be undone.

Owns the statements. Must not decide whether an import may be undone (`ingest.files.undo`).
"""
