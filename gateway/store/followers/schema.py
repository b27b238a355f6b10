"""The migration for several followers, each with what is due to it. Never edited once released.

Owns this step of `schema`. The triggers write only while somebody follows: without a row in `follower` they
cost one look into an empty table and no byte.
"""

FOLLOWERS = """
CREATE TABLE follower (
    no INTEGER PRIMARY KEY,         -- followers.follower.Follower
    records INTEGER NOT NULL        -- 1: it takes whole records of devices, actions and alerts too
) STRICT;
INSERT INTO follower SELECT 1, 0 FROM setting WHERE key = 'influx.follow';
DELETE FROM setting WHERE key = 'influx.follow';

DROP TRIGGER effort_hour_new;
DROP TRIGGER effort_hour_changed;
DROP TRIGGER sighting_hour_new;
DROP TRIGGER sighting_hour_changed;
ALTER TABLE hour_due RENAME TO hour_due_before;
CREATE TABLE hour_due (
    follower INTEGER NOT NULL, hour INTEGER NOT NULL, device INTEGER NOT NULL,
    change INTEGER NOT NULL,        -- counts, so that a change under way is not forgotten
    PRIMARY KEY (follower, hour, device)
) STRICT, WITHOUT ROWID;
INSERT INTO hour_due SELECT 1, hour, device, change FROM hour_due_before;
DROP TABLE hour_due_before;
CREATE TRIGGER effort_hour_new AFTER INSERT ON effort_hour
WHEN EXISTS (SELECT 1 FROM follower) BEGIN
    INSERT INTO hour_due SELECT no, NEW.hour, NEW.device, 1 FROM follower WHERE true
    ON CONFLICT DO UPDATE SET change = change + 1;
END;
CREATE TRIGGER effort_hour_changed AFTER UPDATE ON effort_hour
WHEN EXISTS (SELECT 1 FROM follower) BEGIN
    INSERT INTO hour_due SELECT no, NEW.hour, NEW.device, 1 FROM follower WHERE true
    ON CONFLICT DO UPDATE SET change = change + 1;
END;
CREATE TRIGGER sighting_hour_new AFTER INSERT ON sighting_hour
WHEN EXISTS (SELECT 1 FROM follower) BEGIN
    INSERT INTO hour_due SELECT no, NEW.hour, NEW.device, 1 FROM follower WHERE true
    ON CONFLICT DO UPDATE SET change = change + 1;
END;
CREATE TRIGGER sighting_hour_changed AFTER UPDATE ON sighting_hour
WHEN EXISTS (SELECT 1 FROM follower) BEGIN
    INSERT INTO hour_due SELECT no, NEW.hour, NEW.device, 1 FROM follower WHERE true
    ON CONFLICT DO UPDATE SET change = change + 1;
END;

DROP TRIGGER event_refined;
DROP TRIGGER event_filled;
DROP TRIGGER event_moved;
ALTER TABLE event_due RENAME TO event_due_before;
CREATE TABLE event_due (
    follower INTEGER NOT NULL,
    event INTEGER NOT NULL,         -- event.no, to be sent again
    was TEXT NOT NULL,              -- its observed_ms before it moved: that point is void; '-': same
    change INTEGER NOT NULL,
    PRIMARY KEY (follower, event, was)
) STRICT, WITHOUT ROWID;
INSERT INTO event_due SELECT 1, event, was, 1 FROM event_due_before;
DROP TABLE event_due_before;
CREATE TRIGGER event_refined AFTER UPDATE OF species ON event
WHEN NEW.species IS NOT OLD.species AND EXISTS (SELECT 1 FROM follower) BEGIN
    INSERT INTO event_due SELECT no, NEW.no, '-', 1 FROM follower WHERE true
    ON CONFLICT DO UPDATE SET change = change + 1;
END;
CREATE TRIGGER event_filled AFTER UPDATE OF count, facts ON event
WHEN NEW.species IS OLD.species AND (NEW.facts IS NOT OLD.facts OR NEW.count IS NOT OLD.count)
    AND EXISTS (SELECT 1 FROM follower) BEGIN
    INSERT INTO event_due SELECT no, NEW.no, '-', 1 FROM follower WHERE true
    ON CONFLICT DO UPDATE SET change = change + 1;
END;
CREATE TRIGGER event_moved AFTER UPDATE OF observed_ms ON event
WHEN NEW.observed_ms <> OLD.observed_ms AND EXISTS (SELECT 1 FROM follower) BEGIN
    INSERT INTO event_due SELECT no, NEW.no, CAST(OLD.observed_ms AS TEXT), 1 FROM follower WHERE true
    ON CONFLICT DO UPDATE SET change = change + 1;
END;

-- Changed rows of other tables, for followers that take whole records.
CREATE TABLE record_due (
    follower INTEGER NOT NULL,
    kind TEXT NOT NULL,             -- followers.follower.RecordKind: the table
    no INTEGER NOT NULL,            -- its row
    change INTEGER NOT NULL,
    PRIMARY KEY (follower, kind, no)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER device_new AFTER INSERT ON device
WHEN EXISTS (SELECT 1 FROM follower WHERE records) BEGIN
    INSERT INTO record_due SELECT no, 'device', NEW.no, 1 FROM follower WHERE records
    ON CONFLICT DO UPDATE SET change = change + 1;
END;
CREATE TRIGGER device_changed AFTER UPDATE OF body ON device
WHEN NEW.body IS NOT OLD.body AND EXISTS (SELECT 1 FROM follower WHERE records) BEGIN
    INSERT INTO record_due SELECT no, 'device', NEW.no, 1 FROM follower WHERE records
    ON CONFLICT DO UPDATE SET change = change + 1;
END;
CREATE TRIGGER act_new AFTER INSERT ON act
WHEN EXISTS (SELECT 1 FROM follower WHERE records) BEGIN
    INSERT INTO record_due SELECT no, 'act', NEW.no, 1 FROM follower WHERE records
    ON CONFLICT DO UPDATE SET change = change + 1;
END;
CREATE TRIGGER act_changed AFTER UPDATE OF counts ON act
WHEN NEW.counts IS NOT OLD.counts AND EXISTS (SELECT 1 FROM follower WHERE records) BEGIN
    INSERT INTO record_due SELECT no, 'act', NEW.no, 1 FROM follower WHERE records
    ON CONFLICT DO UPDATE SET change = change + 1;
END;
CREATE TRIGGER alert_new AFTER INSERT ON alert
WHEN EXISTS (SELECT 1 FROM follower WHERE records) BEGIN
    INSERT INTO record_due SELECT no, 'alert', NEW.no, 1 FROM follower WHERE records
    ON CONFLICT DO UPDATE SET change = change + 1;
END;
CREATE TRIGGER alert_changed AFTER UPDATE OF body ON alert
WHEN NEW.body IS NOT OLD.body AND EXISTS (SELECT 1 FROM follower WHERE records) BEGIN
    INSERT INTO record_due SELECT no, 'alert', NEW.no, 1 FROM follower WHERE records
    ON CONFLICT DO UPDATE SET change = change + 1;
END;

CREATE TABLE region_request (       -- what the region has asked for, decided once
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL,             -- region.protocol.Request as JSON
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    answered INTEGER NOT NULL DEFAULT 0     -- the region has the answer
) STRICT;
"""
