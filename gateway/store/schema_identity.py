"""The migration that makes an event its device and its id. Never edited once released."""

IDENTITY = """
    -- An event is its device and its id: other devices may use the same id. The rows stay where they are,
    -- as a copy of a long history needs twice the disk: only the index is made anew. What SQLite made for
    -- `id UNIQUE` becomes an index with a name, which can be dropped.
    CREATE UNIQUE INDEX event_identity ON event (id, device);
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = replace(sql, 'id TEXT NOT NULL UNIQUE', 'id TEXT NOT NULL')
        WHERE type = 'table' AND name = 'event';
    UPDATE sqlite_schema SET name = 'event_id', sql = 'CREATE INDEX event_id ON event (id)'
        WHERE type = 'index' AND name = 'sqlite_autoindex_event_1';
    PRAGMA writable_schema = RESET;
    DROP INDEX event_id;
    """
