"""What the gateway talks about: events, devices, life cycles of traps and alerts, effort.

Pure; must not read a clock, a file or a database.
"""
