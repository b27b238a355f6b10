"""The database file while it is open: one gateway, SQLite's locks and log, and whether it is still there."""
