-- What a region keeps. The hub's own times are timestamptz (`_at`); times that a town sent are ms since 1970
-- UTC (`_ms`), whatever its clock said. Hours, days and months are counts since 1970, days and months by the
-- town's own calendar. `town` is the number of the organisation that sent the row. `version` is that of the
-- block it came in: a row with a smaller one never replaces a row.
CREATE SCHEMA IF NOT EXISTS region;

CREATE TABLE region.organisation (      -- who sends, reads or both; its id is the common name of certificates
    no int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE CHECK (id ~ '^[a-z0-9-]{1,32}$'),
    title text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT 'office' CHECK (kind IN ('town', 'office', 'hub')),
    operates boolean NOT NULL DEFAULT false,  -- runs this hub: sees of every town when it was heard
    made_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE region.town (              -- an organisation that sends; what the hub knows of its gateway
    no int PRIMARY KEY REFERENCES region.organisation,
    zone text NOT NULL DEFAULT 'Asia/Tokyo',
    version bigint NOT NULL DEFAULT 0,  -- the highest of a block of this town
    journal int,                        -- the one that it wrote last
    heard_at timestamptz,               -- newest request that was answered with 200, by the hub's clock
    clock_off_ms bigint,                -- the town's clock minus the hub's at its newest block
    site text NOT NULL DEFAULT '',
    program text NOT NULL DEFAULT '',   -- version of its program
    level text NOT NULL DEFAULT '',     -- the most exact that it gives to anybody now
    retention_days int NOT NULL DEFAULT 0
);

CREATE TABLE region.journal (
    no int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    town int NOT NULL REFERENCES region.town,
    id text NOT NULL,
    upto bigint NOT NULL DEFAULT 0,     -- every event with a number up to this one is here
    first_heard_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (town, id)
);
ALTER TABLE region.town ADD FOREIGN KEY (journal) REFERENCES region.journal;

CREATE TABLE region.certificate (
    serial text PRIMARY KEY CHECK (serial ~ '^[0-9A-F]+$'),
    town int NOT NULL REFERENCES region.town,
    issued_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by text NOT NULL DEFAULT ''
);

CREATE TABLE region.device (
    no int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    town int NOT NULL REFERENCES region.town,
    id text NOT NULL,
    version bigint NOT NULL DEFAULT 0,  -- 0: named by another row, its own has not come
    role text NOT NULL DEFAULT '',
    standing text NOT NULL DEFAULT '',
    name text NOT NULL DEFAULT '',      -- "" unless the town gives exact places to somebody
    area text NOT NULL DEFAULT '',
    model text NOT NULL DEFAULT '',
    trap_type text NOT NULL DEFAULT '',
    heartbeat_s bigint NOT NULL DEFAULT 0,
    heard_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (town, id)
);

-- One table a level, so that who may not read a level has no row of it.
CREATE TABLE region.place_exact (
    device int PRIMARY KEY REFERENCES region.device,
    town int NOT NULL,
    at geometry(Point, 4326) NOT NULL
);
CREATE INDEX place_exact_at ON region.place_exact USING gist (at);
CREATE INDEX place_exact_town ON region.place_exact (town);
CREATE TABLE region.place_square (      -- squares of JIS X 0410
    device int NOT NULL REFERENCES region.device,
    level_km smallint NOT NULL CHECK (level_km IN (1, 5)),
    town int NOT NULL,
    code text NOT NULL,
    PRIMARY KEY (device, level_km)
);
CREATE INDEX place_square_town ON region.place_square (town, level_km);

-- Partitions by the month in which the hub heard it: its own clock only decides which partitions there are.
-- An event is its device and its id, whatever the journal: a restored town sends its events again.
CREATE TABLE region.event (
    device int NOT NULL,
    id text NOT NULL,
    town int NOT NULL,
    journal int NOT NULL,               -- the newest in which it came, and its number there
    no bigint NOT NULL,
    version bigint NOT NULL,
    kind text NOT NULL,
    observed_ms bigint NOT NULL,
    received_ms bigint NOT NULL,
    quality text NOT NULL,
    species text,
    animals bigint,
    rest bytea,                         -- its other fields and facts, exact ones too; NULL: all usual
    heard_at timestamptz NOT NULL
) PARTITION BY RANGE (heard_at);
CREATE INDEX event_town ON region.event (town, observed_ms);

CREATE TABLE region.alert (
    town int NOT NULL,
    id text NOT NULL,
    version bigint NOT NULL,
    rule text NOT NULL,
    level text NOT NULL,
    subject text NOT NULL,
    device text NOT NULL,
    status text NOT NULL,
    observed_ms bigint NOT NULL,
    opened_ms bigint NOT NULL,
    acknowledged_ms bigint,
    resolved_ms bigint,
    body bytea NOT NULL,                -- the record as it came
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (town, id)
);
CREATE INDEX alert_open ON region.alert (town) WHERE status <> 'resolved';

CREATE TABLE region.action (
    town int NOT NULL,
    id text NOT NULL,
    version bigint NOT NULL,
    device int NOT NULL,
    deed text NOT NULL,
    at_ms bigint NOT NULL,
    counts boolean NOT NULL,
    species text,
    animals bigint,
    body bytea NOT NULL,                -- the record as it came
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (town, id)
);
CREATE INDEX action_time ON region.action (town, at_ms);

-- Effort and sightings, one row for all devices of a town and day (or hour): a sixth of the storage of a row
-- a device. The first four arrays are of equal length, one element a device; the last five, one a sighting.
CREATE TABLE region.roll_day (
    town int NOT NULL,
    day int NOT NULL,
    device int[] COMPRESSION lz4 NOT NULL,
    version bigint[] COMPRESSION lz4 NOT NULL,
    alive_ms int[] COMPRESSION lz4 NOT NULL,
    armed_ms int[] COMPRESSION lz4 NOT NULL,
    seen_device int[] COMPRESSION lz4 NOT NULL,
    species text[] COMPRESSION lz4 NOT NULL,
    records bigint[] COMPRESSION lz4 NOT NULL,
    independent bigint[] COMPRESSION lz4 NOT NULL,
    animals bigint[] COMPRESSION lz4 NOT NULL,
    PRIMARY KEY (town, day)
);
CREATE TABLE region.roll_hour (LIKE region.roll_day INCLUDING COMPRESSION);
ALTER TABLE region.roll_hour RENAME day TO hour;
ALTER TABLE region.roll_hour ADD PRIMARY KEY (town, hour);

-- Sums by 5 km squares, made from roll_day by the hub, or sent by a hub one level down: `alive_ms` and
-- sightings of detectors, `armed_ms` and captures of traps.
CREATE TABLE region.square_day (        -- code '': devices without a place
    town int NOT NULL,
    day int NOT NULL,
    code text NOT NULL,
    devices int,                        -- with effort on that day; NULL here and below: too few to tell
    alive_ms bigint,
    armed_ms bigint,
    version bigint NOT NULL DEFAULT 0,  -- of a hub one level down
    PRIMARY KEY (town, day, code)
);
CREATE TABLE region.square_day_seen (
    town int NOT NULL,
    day int NOT NULL,
    code text NOT NULL,
    species text NOT NULL,
    independent bigint,
    animals bigint,
    PRIMARY KEY (town, day, code, species)
);
CREATE TABLE region.square_day_caught ( -- what people recorded as captured
    town int NOT NULL,
    day int NOT NULL,
    code text NOT NULL,
    species text NOT NULL,              -- '': not recorded
    captures bigint,
    PRIMARY KEY (town, day, code, species)
);
CREATE TABLE region.square_month (      -- devices: the most of one of its days
    town int NOT NULL,
    month int NOT NULL,
    code text NOT NULL,
    devices int,
    alive_ms bigint,
    armed_ms bigint,
    PRIMARY KEY (town, month, code)
);
CREATE TABLE region.square_month_seen (
    town int NOT NULL,
    month int NOT NULL,
    code text NOT NULL,
    species text NOT NULL,
    independent bigint,
    animals bigint,
    PRIMARY KEY (town, month, code, species)
);
CREATE TABLE region.square_month_caught (
    town int NOT NULL,
    month int NOT NULL,
    code text NOT NULL,
    species text NOT NULL,
    captures bigint,
    PRIMARY KEY (town, month, code, species)
);
CREATE TABLE region.square_due (        -- days whose sums by squares must be made again
    town int NOT NULL,
    day int NOT NULL,
    PRIMARY KEY (town, day)
);

CREATE TABLE region.agreement (         -- made by the giver at its own gateway
    giver int NOT NULL REFERENCES region.town,
    id text NOT NULL,
    version bigint NOT NULL,
    taker text NOT NULL,                -- organisation.id, which may be made later
    level_km smallint NOT NULL CHECK (level_km IN (0, 1, 5)),  -- 0: exact
    from_day bigint NOT NULL,           -- local days of the giver
    until_day bigint,                   -- the last; NULL: until it is revoked
    starts_ms bigint NOT NULL,          -- the same as moments; a revocation ends it too
    ends_ms bigint NOT NULL,
    made_ms bigint NOT NULL,
    revoked_ms bigint,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (giver, id)
);
CREATE INDEX agreement_taker ON region.agreement (taker);

CREATE TABLE region.request (           -- asked of a town; the town decides and answers
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    town int NOT NULL REFERENCES region.town,
    kind text NOT NULL CHECK (kind IN ('acknowledge', 'message')),
    subject text NOT NULL DEFAULT '',   -- id of the alert
    text text NOT NULL DEFAULT '' CHECK (length(text) <= 2000),
    organisation int NOT NULL REFERENCES region.organisation,
    by_user text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    carried_at timestamptz,             -- first handed to the town
    answered_at timestamptz,
    outcome text NOT NULL DEFAULT '',   -- done or refused
    reason text NOT NULL DEFAULT ''
);
CREATE INDEX request_waiting ON region.request (town, made_at) WHERE answered_at IS NULL;

CREATE TABLE region.hub_user (
    name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    organisation int NOT NULL REFERENCES region.organisation,
    role text NOT NULL CHECK (role IN ('official', 'admin')),
    password_hash text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    sessions_from timestamptz NOT NULL DEFAULT now()  -- cookies made before count no longer
);

CREATE TABLE region.reader (            -- a login of PostgreSQL that reads as one organisation
    role name PRIMARY KEY,
    organisation int NOT NULL REFERENCES region.organisation
);

CREATE TABLE region.position_read (     -- each reading of exact places
    no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    organisation int NOT NULL REFERENCES region.organisation,
    by_user text NOT NULL,
    giver int NOT NULL REFERENCES region.town,
    purpose text NOT NULL,
    places int NOT NULL
);
CREATE INDEX position_read_giver ON region.position_read (giver, at);

CREATE TABLE region.audit (
    no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    organisation int REFERENCES region.organisation,
    by_user text NOT NULL,
    what text NOT NULL,
    detail text NOT NULL DEFAULT ''
);

CREATE TABLE region.setting (key text PRIMARY KEY, value text NOT NULL);  -- shared by all receivers
