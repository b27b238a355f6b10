"""The migration for clocks of receivers and bridges. Never edited once released. Owns this step."""

CLOCKS = """
    CREATE TABLE clock (                -- of radio receivers and bridges; a device's is in its state
        name TEXT PRIMARY KEY,
        body BLOB NOT NULL              -- device_clock.DeviceClock as JSON
    ) STRICT, WITHOUT ROWID;
"""
