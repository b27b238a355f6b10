"""The migration for agreements with organisations of the region. Never edited once released.

Owns this step of `schema`.
"""

AGREEMENTS = """
CREATE TABLE agreement (            -- rows stay when they are over, as a record
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,       -- 1: made, 2: revoked
    body BLOB NOT NULL              -- agreement.Agreement as JSON
) STRICT, WITHOUT ROWID;
"""
