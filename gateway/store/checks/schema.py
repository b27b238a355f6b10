"""The migration for checks of captures. Never edited once released. Owns this step of `schema`."""

CAPTURE_CHECKS = """
CREATE TABLE capture_check (        -- kept for ever; the newest of a capture counts
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    capture TEXT NOT NULL,          -- act.id
    body BLOB NOT NULL              -- traps.capture_check.CaptureCheck as JSON
) STRICT;
CREATE INDEX capture_check_of ON capture_check (capture, no);
"""
