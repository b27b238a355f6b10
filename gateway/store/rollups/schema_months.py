"""The migration for sums by month. Never edited once released. Owns this step of `schema`."""

MONTHS = """
-- Months that are over, added up from their days (`months`).
CREATE TABLE effort_month (
    device INTEGER NOT NULL, month INTEGER NOT NULL,    -- local, since 1970
    alive_ms INTEGER NOT NULL, armed_ms INTEGER NOT NULL,
    PRIMARY KEY (device, month)
) STRICT, WITHOUT ROWID;
CREATE TABLE sighting_month (
    device INTEGER NOT NULL, month INTEGER NOT NULL, species TEXT NOT NULL,
    records INTEGER NOT NULL, independent INTEGER NOT NULL, animals INTEGER NOT NULL,
    PRIMARY KEY (device, month, species)
) STRICT, WITHOUT ROWID;
"""
