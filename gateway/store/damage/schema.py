"""The migration for records of damage. Never edited once released. Owns this step of `schema`."""

DAMAGE = """
CREATE TABLE damage (               -- kept for ever; a correction is a row of its own
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    day INTEGER NOT NULL,           -- local, since 1970
    species TEXT NOT NULL,
    by TEXT NOT NULL,
    replaces TEXT,                  -- damage.id that it corrects or takes back
    counts INTEGER NOT NULL DEFAULT 1,  -- 0: corrected, taken back, or a taking back
    report TEXT,                    -- sighting.id that it was made of
    body BLOB NOT NULL              -- damage.record.DamageRecord as JSON
) STRICT;
CREATE INDEX damage_day ON damage (day) WHERE counts;
CREATE INDEX damage_replaces ON damage (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX damage_report ON damage (report) WHERE report IS NOT NULL;
CREATE TABLE photo_damage (         -- which record names which photo; the photo may come later
    photo TEXT NOT NULL,            -- photo.sent
    damage TEXT NOT NULL,           -- damage.id
    PRIMARY KEY (photo, damage)
) STRICT, WITHOUT ROWID;
"""
