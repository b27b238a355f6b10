"""The values and rules of the domain: events, devices, life cycles of traps and alerts, effort.

Pure. Must not read a clock, a file or a database.
"""
