"""Clocks that may be wrong: their error, which of two reports is newer, the quality of a time. PURE."""
