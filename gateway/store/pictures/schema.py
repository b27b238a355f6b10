"""The migrations for pictures of cameras. Never edited once released. Owns these steps of `schema`."""

PICTURES = """
CREATE TABLE picture (              -- of cameras; the files lie beside the database
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    device TEXT NOT NULL,           -- address of the camera
    event TEXT NOT NULL,            -- event.id of this camera
    at_ms INTEGER NOT NULL,
    state TEXT NOT NULL,            -- picture.PictureState
    disk_bytes INTEGER NOT NULL,
    species TEXT,                   -- as a person named it; NULL: nobody has
    people INTEGER NOT NULL DEFAULT 0,    -- 1: a person is to be seen, by anybody's word
    evidence INTEGER NOT NULL DEFAULT 0,  -- 1: never removed
    body BLOB NOT NULL              -- picture.Picture as JSON
) STRICT;
CREATE INDEX picture_event ON picture (device, event);
CREATE INDEX picture_waiting ON picture (no, disk_bytes) WHERE state = 'waiting';
CREATE INDEX picture_disk ON picture (disk_bytes) WHERE disk_bytes > 0;
CREATE INDEX picture_kept ON picture (at_ms) WHERE state = 'kept';
CREATE INDEX picture_unnamed ON picture (at_ms) WHERE species IS NULL AND state = 'kept';
CREATE TABLE picture_name (         -- every word on what an event shows; kept for ever
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,        -- the id of the correction
    device TEXT NOT NULL,
    event TEXT NOT NULL,
    by TEXT NOT NULL,               -- a person or a classifier
    is_person INTEGER NOT NULL,
    species TEXT NOT NULL,
    confidence REAL,
    at_ms INTEGER NOT NULL,
    act TEXT NOT NULL,              -- one key: a burst is named, and undone, as one
    undone INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX picture_name_event ON picture_name (device, event);
CREATE INDEX picture_name_act ON picture_name (act);
"""
BEFORE_NAMES = """
-- What an event was before a person named it, for an undo; of classifiers' words NULL.
ALTER TABLE picture_name ADD COLUMN before_species TEXT;
ALTER TABLE picture_name ADD COLUMN before_confidence REAL;
ALTER TABLE picture_name ADD COLUMN before_count INTEGER;
ALTER TABLE picture_name ADD COLUMN before_by TEXT;
"""
