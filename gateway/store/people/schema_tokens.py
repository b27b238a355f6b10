"""The migrations for tokens of the API. Never edited once released. Owns these steps of `schema`."""

TOKENS = """
CREATE TABLE api_token (
    id TEXT PRIMARY KEY,            -- hash of the token
    name TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    revoked_ms INTEGER,
    body BLOB NOT NULL              -- api_token.ApiToken as JSON
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_token_name ON api_token (name) WHERE revoked_ms IS NULL;
"""
LAST_USES = """
ALTER TABLE api_token ADD COLUMN used_ms INTEGER;   -- the last use, at most some minutes old
"""
