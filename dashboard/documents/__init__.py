"""Documents: papers (PDF), spreadsheets, plots, files of places.

Owns the formats; must not know what is reported.
"""
