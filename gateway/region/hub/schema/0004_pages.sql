-- What the hub's pages need beside the tables: each function looks up the reader's agreements by itself.
INSERT INTO region.setting (key, value) VALUES (
    'pages.secret',                     -- signs the cookies of the pages, the same in all receivers
    encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex')
);

-- A map asks for one species in all squares of some months.
CREATE INDEX square_month_seen_species ON region.square_month_seen (species, month)
    INCLUDE (town, code, independent);
CREATE INDEX square_month_month ON region.square_month (month) INCLUDE (town, code, alive_ms);

-- Effort and independent events of detectors by 5 km square over months [low, high) in squares whose code
-- begins with `inside`. `own_`: of towns that give exact places (and the reader itself), `others_`: of towns
-- that give squares, `untold`: parts that were too small to be sent. A join, since a policy would look
-- through the list of towns for each row.
CREATE FUNCTION region.map_squares(low int, high int, of_species text, inside text)
RETURNS TABLE (code text, own_alive_ms bigint, others_alive_ms bigint, own_n bigint, others_n bigint, untold bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp SET work_mem = '32MB' AS $$
    WITH given AS MATERIALIZED (
        SELECT no AS town, no = ANY ((SELECT givers(0))::int[]) AS fine FROM unnest(givers(5)) AS no
    ), effort AS (
        SELECT m.code, sum(m.alive_ms) FILTER (WHERE g.fine) AS own, sum(m.alive_ms) FILTER (WHERE NOT g.fine) AS others
        FROM square_month m JOIN given g USING (town)
        WHERE m.month >= low AND m.month < high AND m.code <> '' AND starts_with(m.code, inside)
        GROUP BY m.code
    ), seen AS (
        SELECT s.code, sum(s.independent) FILTER (WHERE g.fine) AS own,
            sum(s.independent) FILTER (WHERE NOT g.fine) AS others, count(*) FILTER (WHERE s.independent IS NULL) AS untold
        FROM square_month_seen s JOIN given g USING (town)
        WHERE s.species = of_species AND s.month >= low AND s.month < high AND s.code <> '' AND starts_with(s.code, inside)
        GROUP BY s.code
    )
    SELECT e.code, coalesce(e.own, 0)::bigint, coalesce(e.others, 0)::bigint, coalesce(s.own, 0)::bigint,
        coalesce(s.others, 0)::bigint, coalesce(s.untold, 0)
    FROM effort e LEFT JOIN seen s USING (code)
    WHERE coalesce(e.own, 0) + coalesce(e.others, 0) > 0
$$;

-- The same for one town by 1 km squares, over days [low, high), if it gives them.
CREATE FUNCTION region.town_squares(of_town int, low int, high int, of_species text)
RETURNS TABLE (code text, alive_ms bigint, n bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp SET work_mem = '32MB' AS $$
    WITH placed AS (
        SELECT p.device, p.code FROM place_square p JOIN device d ON d.no = p.device
        WHERE p.town = of_town AND p.level_km = 1 AND d.role = 'detector' AND of_town = ANY ((SELECT givers(1))::int[])
    ), effort AS (
        SELECT p.code, sum(x.alive_ms) AS alive FROM roll_day r, unnest(r.device, r.alive_ms) AS x(device, alive_ms)
        JOIN placed p ON p.device = x.device
        WHERE r.town = of_town AND r.day >= low AND r.day < high GROUP BY p.code
    ), seen AS (
        SELECT p.code, sum(x.independent) AS n
        FROM roll_day r, unnest(r.seen_device, r.species, r.independent) AS x(device, species, independent)
        JOIN placed p ON p.device = x.device
        WHERE r.town = of_town AND r.day >= low AND r.day < high AND x.species = of_species GROUP BY p.code
    )
    SELECT e.code, e.alive::bigint, coalesce(s.n, 0)::bigint FROM effort e LEFT JOIN seen s USING (code) WHERE e.alive > 0
$$;

-- Sums of each town over months [low, high): camera-days and events of a species, trap-nights and captures.
CREATE FUNCTION region.town_sums(low int, high int, of_species text)
RETURNS TABLE (town int, fine boolean, alive_ms bigint, n bigint, armed_ms bigint, captures bigint, untold bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp SET work_mem = '32MB' AS $$
    WITH given AS MATERIALIZED (
        SELECT no AS town, no = ANY ((SELECT givers(0))::int[]) AS fine FROM unnest(givers(5)) AS no
    ), effort AS (
        SELECT m.town, sum(m.alive_ms) AS alive, sum(m.armed_ms) AS armed FROM square_month m JOIN given USING (town)
        WHERE m.month >= low AND m.month < high GROUP BY m.town
    ), seen AS (
        SELECT s.town, sum(s.independent) AS n, count(*) FILTER (WHERE s.independent IS NULL) AS untold
        FROM square_month_seen s JOIN given USING (town)
        WHERE s.species = of_species AND s.month >= low AND s.month < high GROUP BY s.town
    ), caught AS (
        SELECT c.town, sum(c.captures) AS n, count(*) FILTER (WHERE c.captures IS NULL) AS untold
        FROM square_month_caught c JOIN given USING (town)
        WHERE c.species = of_species AND c.month >= low AND c.month < high GROUP BY c.town
    )
    SELECT g.town, g.fine, coalesce(e.alive, 0)::bigint, coalesce(s.n, 0)::bigint, coalesce(e.armed, 0)::bigint,
        coalesce(c.n, 0)::bigint, coalesce(s.untold, 0) + coalesce(c.untold, 0)
    FROM given g JOIN town t ON t.no = g.town LEFT JOIN effort e USING (town) LEFT JOIN seen s USING (town)
        LEFT JOIN caught c USING (town)
$$;

-- Open alerts of towns that give squares: the square instead of the device, only of devices that have one.
CREATE FUNCTION region.open_alerts()
RETURNS TABLE (town int, rule text, level text, status text, opened_ms bigint, acknowledged_ms bigint, code text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp SET work_mem = '32MB' AS $$
    WITH given AS MATERIALIZED (
        SELECT no AS town, CASE WHEN no = ANY ((SELECT givers(1))::int[]) THEN 1 ELSE 5 END AS km
        FROM unnest(givers(5)) AS no WHERE NOT no = ANY ((SELECT givers(0))::int[])
    )
    SELECT a.town, a.rule, a.level, a.status, a.opened_ms, a.acknowledged_ms, p.code
    FROM alert a JOIN given g USING (town)
    JOIN device d ON d.town = a.town AND d.id = CASE a.device WHEN '' THEN a.subject ELSE a.device END
    JOIN place_square p ON p.device = d.no AND p.level_km = g.km
    WHERE a.status <> 'resolved'
$$;

REVOKE EXECUTE ON FUNCTION region.map_squares(int, int, text, text), region.town_squares(int, int, int, text),
    region.town_sums(int, int, text), region.open_alerts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION region.map_squares(int, int, text, text), region.town_squares(int, int, int, text),
    region.town_sums(int, int, text), region.open_alerts() TO shishigaki_pages;
