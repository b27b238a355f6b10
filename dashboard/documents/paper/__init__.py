"""Paper: PDF files of A4 with an embedded Japanese font.

Owns layout and drawing; must not know what is reported.
"""
