-- Partitions of `event`, made before they are needed: by whoever receives, with the owner's rights.
CREATE FUNCTION region.make_partitions(at timestamptz, ahead int DEFAULT 2) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = region, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    start timestamptz;
    part text;
    made int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(18, 0);
    FOR step IN 0..least(ahead, 24) LOOP
        start := date_trunc('month', at) + make_interval(months => step);
        part := 'event_' || to_char(start, 'YYYYMM');
        IF to_regclass('region.' || part) IS NULL THEN
            EXECUTE format('CREATE TABLE region.%I PARTITION OF region.event FOR VALUES FROM (%L) TO (%L)',
                part, start, start + interval '1 month');
            EXECUTE format('CREATE UNIQUE INDEX %I ON region.%I (device, id)', part || '_identity', part);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

-- A row a device, for reading.
CREATE VIEW region.device_day WITH (security_invoker) AS
    SELECT r.town, r.day, x.device, x.version, x.alive_ms, x.armed_ms
    FROM region.roll_day r, unnest(r.device, r.version, r.alive_ms, r.armed_ms)
        AS x(device, version, alive_ms, armed_ms);
CREATE VIEW region.device_day_seen WITH (security_invoker) AS
    SELECT r.town, r.day, x.device, x.species, x.records, x.independent, x.animals
    FROM region.roll_day r, unnest(r.seen_device, r.species, r.records, r.independent, r.animals)
        AS x(device, species, records, independent, animals);
CREATE VIEW region.device_hour WITH (security_invoker) AS
    SELECT r.town, r.hour, x.device, x.version, x.alive_ms, x.armed_ms
    FROM region.roll_hour r, unnest(r.device, r.version, r.alive_ms, r.armed_ms)
        AS x(device, version, alive_ms, armed_ms);
CREATE VIEW region.device_hour_seen WITH (security_invoker) AS
    SELECT r.town, r.hour, x.device, x.species, x.records, x.independent, x.animals
    FROM region.roll_hour r, unnest(r.seen_device, r.species, r.records, r.independent, r.animals)
        AS x(device, species, records, independent, animals);

-- Events that came in an older journal only. Once the town has sent all of its newest one, it has them no
-- longer: it was restored or salvaged.
CREATE VIEW region.event_elsewhere WITH (security_invoker) AS
    SELECT e.town, e.device, e.id, e.kind, e.observed_ms, e.heard_at
    FROM region.event e JOIN region.town t ON t.no = e.town WHERE e.journal <> t.journal;
