"""The migration for warnings nearby. Never edited once released. Owns this step of `schema`."""

WARNINGS = """
CREATE TABLE subscription (         -- who asked for warnings; deleted when they end
    id TEXT PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    mail TEXT NOT NULL,             -- in small letters
    lat REAL NOT NULL,
    asked_ms INTEGER NOT NULL,
    confirmed_ms INTEGER,
    body BLOB NOT NULL              -- reports.warning.Subscription as JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_mail ON subscription (mail);
CREATE INDEX subscription_lat ON subscription (lat) WHERE confirmed_ms IS NOT NULL;
CREATE TABLE warning (              -- what people were warned of
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at_ms INTEGER NOT NULL,
    body BLOB NOT NULL              -- reports.warning.Cause as JSON
) STRICT;
CREATE INDEX warning_at ON warning (at_ms);
CREATE TABLE warning_mail (
    no INTEGER PRIMARY KEY,
    subscription TEXT NOT NULL,
    warning TEXT NOT NULL,          -- warning.id; '' asks for the confirmation
    status TEXT NOT NULL,           -- alerts.lifecycle.DeliveryStatus
    made_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    settled_ms INTEGER,
    UNIQUE (subscription, warning)
) STRICT;
CREATE INDEX warning_mail_due ON warning_mail (due_ms) WHERE status = 'waiting';
CREATE INDEX warning_mail_sent ON warning_mail (settled_ms) WHERE status = 'sent';
"""
