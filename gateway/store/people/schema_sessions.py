"""The migration for sessions and sign-in links. Never edited once released.

Owns this step of `schema`. Cookies of earlier versions name no row here: everybody logs in once more.
"""

SESSIONS = """
CREATE TABLE session (
    id TEXT PRIMARY KEY,            -- hash of the token in the cookie
    person TEXT NOT NULL,           -- person.name, or the demo's
    created_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    browser TEXT NOT NULL,
    mark TEXT NOT NULL              -- end of the password's hash when it began
) STRICT, WITHOUT ROWID;
CREATE INDEX session_person ON session (person, seen_ms);
CREATE TABLE sign_in_link (
    id TEXT PRIMARY KEY,            -- hash of the token
    person TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    used_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE TRIGGER person_gone AFTER DELETE ON person BEGIN
    DELETE FROM session WHERE person = OLD.name;
    DELETE FROM sign_in_link WHERE person = OLD.name;
END;
"""
