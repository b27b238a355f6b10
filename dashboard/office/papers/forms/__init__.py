"""The municipality's own forms: workbooks with named cells that are filled without retyping.

Owns names and filling. Must not decide what a capture is.
"""
