"""The migration for imports of files. Never edited once released. Owns this step of `schema`."""

IMPORTS = """
CREATE TABLE import (               -- kept for ever, also when undone
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    begun_ms INTEGER NOT NULL,
    first_event INTEGER NOT NULL,   -- event.no of the first event that it can have added
    body BLOB NOT NULL              -- imports.record.ImportRecord as JSON
) STRICT;
CREATE TABLE import_device (        -- devices that it wrote to; deleted by the undo
    import INTEGER NOT NULL REFERENCES import,
    device TEXT NOT NULL,           -- address
    is_new INTEGER NOT NULL,        -- 1: the import registered it
    state BLOB,                     -- device.state before
    sums BLOB,                      -- imports.table.Sums before, as JSON
    PRIMARY KEY (import, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE import_row (           -- other rows that it added
    import INTEGER NOT NULL REFERENCES import,
    kind TEXT NOT NULL,             -- sighting or damage: the table
    id TEXT NOT NULL,
    PRIMARY KEY (import, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_device_of ON import_device (device);
"""
