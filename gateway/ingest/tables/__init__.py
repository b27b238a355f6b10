"""Tables as people keep them: the bytes of a file to rows of cells, and single cells to plain values.

Owns what every importer judges alike. Must not know what a table is about. Pure but for
`rows.read_bytes`.
"""
