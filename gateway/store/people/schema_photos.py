"""The migration for photos of captures. Never edited once released. Owns this step of `schema`."""

PHOTOS = """
CREATE TABLE photo (                -- never deleted: they are evidence; the files lie beside the database
    sent TEXT PRIMARY KEY,          -- SHA-256 of the bytes that the phone sent
    kept TEXT NOT NULL,             -- SHA-256 of the file, which has no metadata
    kept_bytes INTEGER NOT NULL,
    by TEXT NOT NULL,
    body BLOB NOT NULL              -- photo.Photo as JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX photo_by ON photo (by);
CREATE TABLE photo_act (            -- which action names which photo; the photo may come later
    photo TEXT NOT NULL,            -- photo.sent
    act TEXT NOT NULL,              -- act.id
    device TEXT NOT NULL,           -- the trap: who may see it, may see the photo
    PRIMARY KEY (photo, act)
) STRICT, WITHOUT ROWID;
CREATE INDEX act_caught ON act (no) WHERE deed IN ('captured', 'non_target');
"""
