"""The migration for push subscriptions. Never edited once released. Owns this step of `schema`."""

PUSH = """
CREATE TABLE push_subscription (    -- a browser that wants push messages
    id TEXT PRIMARY KEY,            -- hash of its address at the push service
    person TEXT NOT NULL,
    session TEXT NOT NULL,          -- session.id: it ends with it
    created_ms INTEGER NOT NULL,
    body BLOB NOT NULL              -- push.PushSubscription as JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX push_person ON push_subscription (person, created_ms);
CREATE TRIGGER push_session_gone AFTER DELETE ON session BEGIN
    DELETE FROM push_subscription WHERE session = OLD.id;
END;
"""
