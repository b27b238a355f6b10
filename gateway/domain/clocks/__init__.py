"""Clocks that may be wrong: how far one is off, which report is newer, how a time is trusted. PURE."""
