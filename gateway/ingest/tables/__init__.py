"""Reads tables that people made: from the bytes of a file to rows of cells, and from cells to values.

Owns what all importers have in common. Must not know what a table is about. Pure except for
`rows.read_bytes`.
"""
