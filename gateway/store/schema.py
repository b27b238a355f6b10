"""The tables, as migrations: each one step, applied in one transaction, never edited once released.

Owns the shape of the database. Times are integers: ms since 1970 UTC (`_ms`), hours and local days
since 1970 (`hour`, `day`). `device` columns hold the short `no` of the device table.
"""

from gateway.store.checks.schema import CAPTURE_CHECKS
from gateway.store.clocks.schema import CLOCKS
from gateway.store.damage.schema import DAMAGE
from gateway.store.followers.schema import FOLLOWERS
from gateway.store.imports.schema import IMPORTS
from gateway.store.people.schema import PEOPLE
from gateway.store.people.schema_agreements import AGREEMENTS
from gateway.store.people.schema_photos import PHOTOS
from gateway.store.people.schema_push import PUSH
from gateway.store.people.schema_sessions import SESSIONS
from gateway.store.people.schema_tokens import LAST_USES, TOKENS
from gateway.store.pictures.schema import BEFORE_NAMES, PICTURES
from gateway.store.reports.schema import REPORTS
from gateway.store.reports.schema_warnings import WARNINGS
from gateway.store.rollups.schema_months import MONTHS
from gateway.store.schema_held import HELD
from gateway.store.schema_identity import IDENTITY
from gateway.store.siting.schema import TRAP_PLANS
from gateway.store.trial.schema import TRIAL

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE device (
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        standing TEXT NOT NULL,
        body BLOB NOT NULL,             -- model.Device as JSON
        state BLOB                      -- model.DeviceState as JSON, NULL before the first event
    ) STRICT;

    CREATE TABLE event (
        no INTEGER PRIMARY KEY,         -- order of commit: what followers remember
        id TEXT NOT NULL UNIQUE,
        key TEXT,                       -- second identity of copies whose ids differ
        device INTEGER NOT NULL REFERENCES device,
        kind TEXT NOT NULL,
        observed_ms INTEGER NOT NULL,
        received_ms INTEGER NOT NULL,
        quality TEXT NOT NULL,
        device_ms INTEGER,
        boot INTEGER,
        seq INTEGER,
        species TEXT,
        count INTEGER,
        distinct_ INTEGER NOT NULL,     -- 1: one event by its source's own grouping
        facts BLOB                      -- the other model.FACTS as JSON, NULL when none
    ) STRICT;
    CREATE UNIQUE INDEX event_key ON event (key) WHERE key IS NOT NULL;
    CREATE INDEX event_time ON event (device, observed_ms);

    CREATE TABLE effort_hour (
        device INTEGER NOT NULL, hour INTEGER NOT NULL,
        alive_ms INTEGER NOT NULL, armed_ms INTEGER NOT NULL,
        PRIMARY KEY (device, hour)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE effort_day (
        device INTEGER NOT NULL, day INTEGER NOT NULL,
        alive_ms INTEGER NOT NULL, armed_ms INTEGER NOT NULL,
        PRIMARY KEY (device, day)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sighting_hour (
        device INTEGER NOT NULL, hour INTEGER NOT NULL, species TEXT NOT NULL,
        records INTEGER NOT NULL, independent INTEGER NOT NULL, animals INTEGER NOT NULL,
        PRIMARY KEY (device, hour, species)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sighting_day (
        device INTEGER NOT NULL, day INTEGER NOT NULL, species TEXT NOT NULL,
        records INTEGER NOT NULL, independent INTEGER NOT NULL, animals INTEGER NOT NULL,
        PRIMARY KEY (device, day, species)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE quarantine (
        no INTEGER PRIMARY KEY,
        received_ms INTEGER NOT NULL,
        topic TEXT NOT NULL,
        payload BLOB NOT NULL,          -- cut at 64 KiB
        qos INTEGER NOT NULL,
        retain INTEGER NOT NULL,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        device TEXT,                    -- address, when the message named one
        replayed_ms INTEGER
    ) STRICT;
    CREATE INDEX quarantine_device ON quarantine (device) WHERE device IS NOT NULL;

    CREATE TABLE alert (
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        rule TEXT NOT NULL,
        subject TEXT NOT NULL,
        status TEXT NOT NULL,
        opened_ms INTEGER NOT NULL,
        body BLOB NOT NULL              -- model.Alert as JSON
    ) STRICT;
    CREATE UNIQUE INDEX alert_open ON alert (rule, subject) WHERE status <> 'resolved';

    CREATE TABLE outbox (
        no INTEGER PRIMARY KEY,
        alert TEXT NOT NULL REFERENCES alert (id),
        person TEXT NOT NULL,
        channel TEXT NOT NULL,          -- place in the person's list, e.g. "0"; never the secret URL
        status TEXT NOT NULL DEFAULT 'waiting',
        due_ms INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        claimed_ms INTEGER,
        answer TEXT NOT NULL DEFAULT '',
        UNIQUE (alert, person, channel)
    ) STRICT;
    CREATE INDEX outbox_due ON outbox (due_ms) WHERE status IN ('waiting', 'claimed');

    CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE account (
        name TEXT PRIMARY KEY,
        body BLOB NOT NULL              -- model.Account as JSON
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE act (
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        device TEXT NOT NULL,           -- address of the trap
        at_ms INTEGER NOT NULL,
        deed TEXT NOT NULL,
        by TEXT NOT NULL,
        body BLOB NOT NULL              -- model.Act as JSON
    ) STRICT;
    CREATE INDEX act_device ON act (device, at_ms);
    CREATE INDEX alert_subject ON alert (subject) WHERE status <> 'resolved';
    CREATE INDEX alert_last ON alert (rule, subject, opened_ms);

    CREATE TABLE delivery (             -- takes the place of outbox
        no INTEGER PRIMARY KEY,
        alert TEXT NOT NULL REFERENCES alert (id),
        person TEXT NOT NULL,
        channel TEXT NOT NULL,          -- place in the person's list, e.g. "0"; never the secret URL
        step INTEGER NOT NULL DEFAULT 0,    -- 100 x reopened + step of the escalation plan
        gathered INTEGER NOT NULL DEFAULT 0,  -- may go out in one message with others
        status TEXT NOT NULL DEFAULT 'waiting',
        due_ms INTEGER NOT NULL,
        since_ms INTEGER NOT NULL,      -- first due: giving up counts from here
        attempts INTEGER NOT NULL DEFAULT 0,
        claimed_ms INTEGER,
        letter INTEGER,                 -- no of the first row of the message it went out with
        settled_ms INTEGER,
        answer TEXT NOT NULL DEFAULT '',
        UNIQUE (alert, person, channel, step)
    ) STRICT;
    INSERT INTO delivery (no, alert, person, channel, status, due_ms, since_ms, attempts, answer)
        SELECT no, alert, person, channel, CASE status WHEN 'claimed' THEN 'waiting' ELSE status END,
        due_ms, due_ms, attempts, answer FROM outbox;
    DROP TABLE outbox;
    ALTER TABLE delivery RENAME TO outbox;
    CREATE INDEX outbox_due ON outbox (due_ms) WHERE status IN ('waiting', 'claimed');
    CREATE INDEX outbox_sent ON outbox (person, channel, settled_ms) WHERE status = 'sent';

    CREATE INDEX outbox_dead ON outbox (settled_ms) WHERE status = 'dead';

    CREATE TABLE used_link (            -- one-tap links and single acts by them, so that each is one
        id TEXT PRIMARY KEY,
        used_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE INDEX event_observed ON event (observed_ms);  -- exports, verification, the newest first

    -- What a follower (InfluxDB) has still to hear again. The triggers write only while one follows:
    -- setting 'influx.follow' exists. `change` counts, so that a change under way is not forgotten.
    CREATE TABLE hour_due (
        hour INTEGER NOT NULL, device INTEGER NOT NULL, change INTEGER NOT NULL,
        PRIMARY KEY (hour, device)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER effort_hour_new AFTER INSERT ON effort_hour
    WHEN EXISTS (SELECT 1 FROM setting WHERE key = 'influx.follow') BEGIN
        INSERT INTO hour_due VALUES (NEW.hour, NEW.device, 1)
        ON CONFLICT DO UPDATE SET change = change + 1;
    END;
    CREATE TRIGGER effort_hour_changed AFTER UPDATE ON effort_hour
    WHEN EXISTS (SELECT 1 FROM setting WHERE key = 'influx.follow') BEGIN
        INSERT INTO hour_due VALUES (NEW.hour, NEW.device, 1)
        ON CONFLICT DO UPDATE SET change = change + 1;
    END;
    CREATE TRIGGER sighting_hour_new AFTER INSERT ON sighting_hour
    WHEN EXISTS (SELECT 1 FROM setting WHERE key = 'influx.follow') BEGIN
        INSERT INTO hour_due VALUES (NEW.hour, NEW.device, 1)
        ON CONFLICT DO UPDATE SET change = change + 1;
    END;
    CREATE TRIGGER sighting_hour_changed AFTER UPDATE ON sighting_hour
    WHEN EXISTS (SELECT 1 FROM setting WHERE key = 'influx.follow') BEGIN
        INSERT INTO hour_due VALUES (NEW.hour, NEW.device, 1)
        ON CONFLICT DO UPDATE SET change = change + 1;
    END;

    CREATE TABLE event_due (
        event INTEGER NOT NULL,         -- event.no, to be sent again
        was TEXT NOT NULL,              -- its observed_ms before it moved: that point is void; '-': same
        PRIMARY KEY (event, was)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER event_refined AFTER UPDATE OF species ON event
    WHEN NEW.species IS NOT OLD.species
        AND EXISTS (SELECT 1 FROM setting WHERE key = 'influx.follow') BEGIN
        INSERT INTO event_due VALUES (NEW.no, '-') ON CONFLICT DO NOTHING;
    END;

    CREATE TABLE influx_refused (
        key TEXT PRIMARY KEY,           -- "event 12", "hour 494000 7": what to send again
        line TEXT NOT NULL,
        detail TEXT NOT NULL,
        refused_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- A frame counter begins again after a battery change: the key tells copies within a day only.
    DROP INDEX event_key;
    CREATE INDEX event_key ON event (key) WHERE key IS NOT NULL;

    ALTER TABLE event ADD COLUMN refined_by TEXT;  -- id of the later word that its species is from
    CREATE TRIGGER event_filled AFTER UPDATE OF count, facts ON event
    WHEN NEW.species IS OLD.species AND (NEW.facts IS NOT OLD.facts OR NEW.count IS NOT OLD.count)
        AND EXISTS (SELECT 1 FROM setting WHERE key = 'influx.follow') BEGIN
        INSERT INTO event_due VALUES (NEW.no, '-') ON CONFLICT DO NOTHING;
    END;
    """,
    """
    CREATE TABLE sighting (             -- what people reported; not of a device, hence without effort
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        day INTEGER NOT NULL,           -- local, since 1970
        species TEXT NOT NULL,
        body BLOB NOT NULL              -- model.Sighting as JSON
    ) STRICT;
    CREATE INDEX sighting_of_day ON sighting (day);
    """,
    """
    CREATE TRIGGER event_moved AFTER UPDATE OF observed_ms ON event
    WHEN NEW.observed_ms <> OLD.observed_ms
        AND EXISTS (SELECT 1 FROM setting WHERE key = 'influx.follow') BEGIN
        INSERT INTO event_due VALUES (NEW.no, CAST(OLD.observed_ms AS TEXT)) ON CONFLICT DO NOTHING;
    END;
    """,
    """
    -- What a trap's sensor last told before a moment, without reading weeks of heartbeats.
    CREATE INDEX event_trap ON event (device, kind, observed_ms)
        WHERE kind IN ('trap.sprung', 'trap.set');
    """,
    """
    CREATE TABLE backlog (              -- came faster than it can be judged: acknowledged, judged later
        no INTEGER PRIMARY KEY,
        clock TEXT NOT NULL,            -- backlog.ReceiptClock: whether the clock was trusted
        received_ms INTEGER NOT NULL,   -- of the newest message
        shift_ms INTEGER NOT NULL DEFAULT 0,  -- to be added to each time of receipt
        messages INTEGER NOT NULL,      -- how many
        payload_bytes INTEGER NOT NULL, -- of all of them, before deflating
        body BLOB NOT NULL              -- list of model.Message as MessagePack, deflated
    ) STRICT;
    """,
    MONTHS,
    IDENTITY,
    HELD,
    CLOCKS,
    PEOPLE,
    SESSIONS,
    TOKENS,
    """
    -- An action may correct or take back another one (`replaces`). All stay; those that count are marked.
    ALTER TABLE act ADD COLUMN replaces TEXT;
    ALTER TABLE act ADD COLUMN counts INTEGER NOT NULL DEFAULT 1;
    CREATE INDEX act_replaces ON act (replaces) WHERE replaces IS NOT NULL;
    """,
    PHOTOS,
    LAST_USES,
    "-- `device.state` is MessagePack from here on, which older programs cannot read; JSON still is read.",
    "CREATE INDEX alert_spring ON alert (opened_ms) WHERE rule = 'trap_sprung';",
    PUSH,
    AGREEMENTS,
    TRIAL,
    FOLLOWERS,
    DAMAGE,
    IMPORTS,
    TRAP_PLANS,
    PICTURES,
    REPORTS,
    WARNINGS,
    BEFORE_NAMES,
    CAPTURE_CHECKS,
)
