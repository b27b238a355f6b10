"""Tables as people keep them: the bytes of a file to rows of cells, and single cells to plain values. PURE.

Owns what every importer judges alike. Must not know what a table is about.
"""
