"""The migration that makes accounts people. Never edited once released.

Owns this step of `schema`. An account that cannot be read could not log in and is left out.
"""

PEOPLE = """
CREATE TABLE person (
    name TEXT PRIMARY KEY,
    file_digest TEXT,               -- of the entry of the configuration file that was imported, if any
    body BLOB NOT NULL              -- person.Person as JSON
) STRICT, WITHOUT ROWID;
CREATE TABLE person_change (        -- the audit: never changed, never deleted, without secrets
    no INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    by TEXT NOT NULL,
    person TEXT NOT NULL,
    what TEXT NOT NULL,             -- added, changed, removed, imported
    body BLOB NOT NULL              -- list of changes.FieldChange as JSON
) STRICT;
CREATE INDEX person_change_person ON person_change (person, what);
INSERT INTO person (name, body)
    SELECT name, CAST(json_object('name', name, 'role',
        CASE json_extract(CAST(body AS TEXT), '$.rank')
            WHEN 2 THEN 'trapper' WHEN 3 THEN 'official' WHEN 4 THEN 'admin' ELSE 'viewer' END,
        'password_hash', json_extract(CAST(body AS TEXT), '$.password_hash')) AS BLOB)
    FROM account WHERE json_valid(CAST(body AS TEXT))
        AND json_type(CAST(body AS TEXT), '$.password_hash') = 'text';
DROP TABLE account;
"""
