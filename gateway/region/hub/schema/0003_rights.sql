-- Who reads and writes what. Three roles without a log-in of their own: who logs in is a member of them.
DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(18, 1);
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shishigaki_receiver') THEN
        CREATE ROLE shishigaki_receiver NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shishigaki_pages') THEN
        CREATE ROLE shishigaki_pages NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shishigaki_reader') THEN
        CREATE ROLE shishigaki_reader NOLOGIN;
    END IF;
END $$;
REVOKE ALL ON SCHEMA region FROM PUBLIC;
GRANT USAGE ON SCHEMA region TO shishigaki_receiver, shishigaki_pages, shishigaki_reader;

-- The organisation that reads. Pages say it for each transaction; a log-in of its own cannot choose it.
CREATE FUNCTION region.me_id() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    SELECT CASE WHEN pg_has_role(session_user, 'shishigaki_pages', 'member')
        THEN current_setting('shishigaki.organisation', true)
        ELSE (SELECT o.id FROM reader r JOIN organisation o ON o.no = r.organisation
            WHERE r.role = session_user) END
$$;
CREATE FUNCTION region.me() RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    SELECT no FROM organisation WHERE id = region.me_id()
$$;
CREATE FUNCTION region.operates() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    SELECT coalesce((SELECT operates FROM organisation WHERE id = region.me_id()), false)
$$;
-- The towns whose places `me` may read now, as exactly as this level or coarser: its own, and by agreement.
CREATE FUNCTION region.givers(level int) RETURNS int[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    SELECT coalesce(array_agg(no), '{}') FROM (
        SELECT region.me() AS no
        UNION SELECT giver FROM agreement
        WHERE taker = region.me_id() AND level_km <= level AND revoked_ms IS NULL
            AND starts_ms <= extract(epoch FROM statement_timestamp()) * 1000
            AND extract(epoch FROM statement_timestamp()) * 1000 < ends_ms
    ) given WHERE no IS NOT NULL
$$;
CREATE FUNCTION region.this_town() RETURNS int
LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('shishigaki.town', true), '')::int $$;

DO $$
DECLARE
    name text;
    of_town text[] := ARRAY['device', 'place_exact', 'place_square', 'event', 'alert', 'action', 'roll_day',
        'roll_hour', 'square_day', 'square_day_seen', 'square_day_caught', 'square_month', 'square_month_seen',
        'square_month_caught', 'journal'];
    exact text[] := ARRAY['device', 'event', 'alert', 'action', 'roll_day', 'roll_hour'];
    sums text[] := ARRAY['square_day', 'square_day_seen', 'square_day_caught', 'square_month',
        'square_month_seen', 'square_month_caught', 'journal'];
BEGIN
    FOR name IN SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'region' AND c.relkind IN ('r', 'p') AND NOT c.relispartition LOOP
        EXECUTE format('ALTER TABLE region.%I ENABLE ROW LEVEL SECURITY', name);
    END LOOP;
    FOREACH name IN ARRAY of_town LOOP
        EXECUTE format('CREATE POLICY receive ON region.%I TO shishigaki_receiver
            USING (town = (SELECT region.this_town()))
            WITH CHECK (town = (SELECT region.this_town()))', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON region.%I TO shishigaki_receiver', name);
    END LOOP;
    FOREACH name IN ARRAY exact LOOP
        EXECUTE format('CREATE POLICY exact ON region.%I FOR SELECT TO shishigaki_pages, shishigaki_reader
            USING (town = ANY ((SELECT region.givers(0))::int[]))', name);
    END LOOP;
    FOREACH name IN ARRAY sums LOOP
        EXECUTE format('CREATE POLICY sums ON region.%I FOR SELECT TO shishigaki_pages, shishigaki_reader
            USING (town = ANY ((SELECT region.givers(5))::int[]))', name);
        EXECUTE format('GRANT SELECT ON region.%I TO shishigaki_pages, shishigaki_reader', name);
    END LOOP;
END $$;

-- Receivers: the rest.
CREATE POLICY receive ON region.square_due TO shishigaki_receiver USING (true) WITH CHECK (true);
CREATE POLICY receive ON region.agreement TO shishigaki_receiver
    USING (giver = (SELECT region.this_town())) WITH CHECK (giver = (SELECT region.this_town()));
CREATE POLICY receive ON region.request TO shishigaki_receiver
    USING (town = (SELECT region.this_town())) WITH CHECK (town = (SELECT region.this_town()));
CREATE POLICY receive ON region.town FOR SELECT TO shishigaki_receiver USING (true);
CREATE POLICY heard ON region.town FOR UPDATE TO shishigaki_receiver
    USING (no = (SELECT region.this_town())) WITH CHECK (no = (SELECT region.this_town()));
CREATE POLICY receive ON region.organisation FOR SELECT TO shishigaki_receiver USING (true);
CREATE POLICY receive ON region.certificate FOR SELECT TO shishigaki_receiver USING (true);
CREATE POLICY receive ON region.setting FOR SELECT TO shishigaki_receiver USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON region.square_due, region.agreement TO shishigaki_receiver;
GRANT SELECT ON region.town, region.organisation, region.certificate, region.setting, region.request
    TO shishigaki_receiver;
GRANT UPDATE (zone, version, journal, heard_at, clock_off_ms, site, program, level, retention_days)
    ON region.town TO shishigaki_receiver;
GRANT UPDATE (carried_at, answered_at, outcome, reason) ON region.request TO shishigaki_receiver;

-- Pages and readers. Columns with exact positions (`rest`, `body`, `place_exact`) are granted to nobody.
GRANT SELECT ON region.device
    TO shishigaki_pages, shishigaki_reader;
GRANT SELECT (device, id, town, journal, no, version, kind, observed_ms, received_ms, quality, species,
    animals, heard_at) ON region.event TO shishigaki_pages, shishigaki_reader;
GRANT SELECT (town, id, version, rule, level, subject, device, status, observed_ms, opened_ms,
    acknowledged_ms, resolved_ms, heard_at) ON region.alert TO shishigaki_pages, shishigaki_reader;
GRANT SELECT (town, id, version, device, deed, at_ms, counts, species, animals, heard_at) ON region.action
    TO shishigaki_pages, shishigaki_reader;
GRANT SELECT ON region.roll_day, region.roll_hour TO shishigaki_pages, shishigaki_reader;
GRANT SELECT ON region.device_day, region.device_day_seen, region.device_hour, region.device_hour_seen,
    region.event_elsewhere TO shishigaki_pages, shishigaki_reader;

CREATE POLICY squares ON region.place_square FOR SELECT TO shishigaki_pages, shishigaki_reader USING (
    CASE level_km WHEN 1 THEN town = ANY ((SELECT region.givers(1))::int[])
        ELSE town = ANY ((SELECT region.givers(5))::int[]) END);
CREATE POLICY known ON region.organisation FOR SELECT TO shishigaki_pages, shishigaki_reader USING (true);
CREATE POLICY heard_by_partners ON region.town FOR SELECT TO shishigaki_pages, shishigaki_reader
    USING ((SELECT region.operates()) OR no = ANY ((SELECT region.givers(5))::int[]));
CREATE POLICY parties ON region.agreement FOR SELECT TO shishigaki_pages, shishigaki_reader
    USING (giver = (SELECT region.me()) OR taker = (SELECT region.me_id()));
GRANT SELECT ON region.place_square, region.organisation, region.town, region.agreement
    TO shishigaki_pages, shishigaki_reader;

CREATE POLICY parties ON region.request FOR SELECT TO shishigaki_pages
    USING (town = (SELECT region.me()) OR organisation = (SELECT region.me()));
CREATE POLICY ask ON region.request FOR INSERT TO shishigaki_pages WITH CHECK (
    organisation = (SELECT region.me()) AND town = ANY ((SELECT region.givers(5))::int[]));
GRANT SELECT, INSERT (town, kind, subject, text, organisation, by_user) ON region.request TO shishigaki_pages;
CREATE POLICY own ON region.hub_user TO shishigaki_pages
    USING (organisation = (SELECT region.me())) WITH CHECK (organisation = (SELECT region.me()));
GRANT SELECT, INSERT, UPDATE ON region.hub_user TO shishigaki_pages;
CREATE POLICY parties ON region.position_read FOR SELECT TO shishigaki_pages
    USING (giver = (SELECT region.me()) OR organisation = (SELECT region.me()));
CREATE POLICY own ON region.audit FOR SELECT TO shishigaki_pages
    USING (organisation = (SELECT region.me()));
CREATE POLICY note ON region.audit FOR INSERT TO shishigaki_pages
    WITH CHECK (organisation = (SELECT region.me()));
GRANT SELECT ON region.position_read TO shishigaki_pages;
GRANT SELECT, INSERT ON region.audit TO shishigaki_pages;
CREATE POLICY shared ON region.setting FOR SELECT TO shishigaki_pages USING (true);
GRANT SELECT ON region.setting TO shishigaki_pages;

-- The only way to exact places: it looks up the agreement and writes down who read whose places.
-- A reader of SQL cannot call it, since a transaction that is taken back takes its note back too.
CREATE FUNCTION region.exact_places(of_town int, by_user text, purpose text)
RETURNS TABLE (device int, lat float8, lon float8)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = region, public, pg_temp AS $$
DECLARE found int;
BEGIN
    IF NOT of_town = ANY (region.givers(0)) THEN RETURN; END IF;
    SELECT count(*) INTO found FROM place_exact p WHERE p.town = of_town;
    INSERT INTO position_read (organisation, by_user, giver, purpose, places)
        VALUES (region.me(), exact_places.by_user, of_town, exact_places.purpose, found);
    RETURN QUERY SELECT p.device, ST_Y(p.at), ST_X(p.at) FROM place_exact p WHERE p.town = of_town;
END $$;

-- For the log-in, when nobody is anybody yet.
CREATE FUNCTION region.login(wanted text)
RETURNS TABLE (name text, organisation text, role text, password_hash text, sessions_from timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    SELECT u.name, o.id, u.role, u.password_hash, u.sessions_from
    FROM hub_user u JOIN organisation o ON o.no = u.organisation
    WHERE u.name = wanted AND u.disabled_at IS NULL
$$;

-- Sums by 1 km squares over days [low, high), like square_day: computed when asked, for towns that give it.
CREATE FUNCTION region.squares_1km(low int, high int)
RETURNS TABLE (town int, code text, devices bigint, alive_ms bigint, armed_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    SELECT r.town, p.code,
        count(DISTINCT x.device) FILTER (WHERE d.role IN ('detector', 'trap') AND x.alive_ms + x.armed_ms > 0),
        coalesce(sum(x.alive_ms) FILTER (WHERE d.role = 'detector'), 0)::bigint,
        coalesce(sum(x.armed_ms) FILTER (WHERE d.role = 'trap'), 0)::bigint
    FROM roll_day r, unnest(r.device, r.alive_ms, r.armed_ms) AS x(device, alive_ms, armed_ms)
    JOIN device d ON d.no = x.device
    JOIN place_square p ON p.device = x.device AND p.level_km = 1
    WHERE r.town = ANY (region.givers(1)) AND r.day >= low AND r.day < high
    GROUP BY r.town, p.code
$$;
CREATE FUNCTION region.squares_1km_seen(low int, high int)
RETURNS TABLE (town int, code text, species text, independent bigint, animals bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    SELECT r.town, p.code, x.species, sum(x.independent)::bigint, sum(x.animals)::bigint
    FROM roll_day r, unnest(r.seen_device, r.species, r.independent, r.animals)
        AS x(device, species, independent, animals)
    JOIN device d ON d.no = x.device AND d.role = 'detector'
    JOIN place_square p ON p.device = x.device AND p.level_km = 1
    WHERE r.town = ANY (region.givers(1)) AND r.day >= low AND r.day < high
    GROUP BY r.town, p.code, x.species
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA region FROM PUBLIC;
GRANT EXECUTE ON FUNCTION region.me_id(), region.me(), region.operates(), region.givers(int),
    region.squares_1km(int, int), region.squares_1km_seen(int, int) TO shishigaki_pages, shishigaki_reader;
GRANT EXECUTE ON FUNCTION region.exact_places(int, text, text), region.login(text) TO shishigaki_pages;
GRANT EXECUTE ON FUNCTION region.this_town(), region.make_partitions(timestamptz, int) TO shishigaki_receiver;
