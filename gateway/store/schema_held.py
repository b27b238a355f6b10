"""The migration for what is held of devices that nobody approved. Never edited once released.

Owns this step of `schema`.
"""

HELD = """
-- What is held of devices that nobody approved has limits (`held`).
ALTER TABLE quarantine ADD COLUMN owner TEXT NOT NULL DEFAULT '';  -- whose room it uses; '': shared
ALTER TABLE quarantine ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarantine ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;  -- its sender let go of it
ALTER TABLE quarantine ADD COLUMN weight_kib INTEGER NOT NULL DEFAULT 1;
ALTER TABLE quarantine ADD COLUMN digest INTEGER;  -- of topic and payload, where a copy may come
UPDATE quarantine SET weight_kib = 1 + length(payload) / 1024;
UPDATE quarantine SET owner = device WHERE device IN (SELECT id FROM device);
UPDATE quarantine SET confirmed = 1, urgent = instr(CAST(payload AS TEXT), 'trap.sprung') > 0
    WHERE reason IN ('unknown_device', 'revoked_device') AND topic LIKE 'wildlife/%';
CREATE INDEX quarantine_owner ON quarantine (owner, urgent, confirmed, no)
    WHERE replayed_ms IS NULL;
CREATE INDEX quarantine_digest ON quarantine (owner, digest) WHERE digest IS NOT NULL;

CREATE TABLE unknown_device (       -- names in the list that wait for approval
    id TEXT PRIMARY KEY,
    topic TEXT NOT NULL,            -- of its first message
    first_ms INTEGER NOT NULL,
    told_ms INTEGER                 -- when people were told that it reports a capture
) STRICT, WITHOUT ROWID;
INSERT INTO unknown_device
    SELECT id, coalesce((SELECT topic FROM quarantine WHERE device = d.id ORDER BY no LIMIT 1), ''),
    coalesce((SELECT received_ms FROM quarantine WHERE device = d.id ORDER BY no LIMIT 1), 0), NULL
    FROM device d WHERE standing = 'pending';
CREATE TABLE name_flood (           -- names for which the list had no room
    filter TEXT PRIMARY KEY,        -- topic filter that they share
    names BLOB NOT NULL,            -- unknown_names.Estimate
    messages INTEGER NOT NULL,
    springs INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE no_event (             -- messages that gave no event
    device TEXT NOT NULL,           -- address; '': not registered
    reason TEXT NOT NULL,
    messages INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (device, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE boot_return (          -- devices whose boot number went back
    device TEXT PRIMARY KEY,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    times INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
