-- The towns that a reader is given are looked up once for a question, not once for each town: with 1,700 towns
-- that alone took most of the map's time.

CREATE OR REPLACE FUNCTION region.map_squares(low int, high int, of_species text, inside text)
RETURNS TABLE (code text, own_alive_ms bigint, others_alive_ms bigint, own_n bigint, others_n bigint, untold bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    WITH given AS MATERIALIZED (
        SELECT no AS town, no = ANY ((SELECT region.givers(0))::int[]) AS fine FROM unnest(givers(5)) AS no
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

CREATE OR REPLACE FUNCTION region.town_sums(low int, high int, of_species text)
RETURNS TABLE (town int, fine boolean, alive_ms bigint, n bigint, armed_ms bigint, captures bigint, untold bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    WITH given AS MATERIALIZED (
        SELECT no AS town, no = ANY ((SELECT region.givers(0))::int[]) AS fine FROM unnest(givers(5)) AS no
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

CREATE OR REPLACE FUNCTION region.open_alerts()
RETURNS TABLE (town int, rule text, level text, status text, opened_ms bigint, acknowledged_ms bigint, code text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    WITH given AS MATERIALIZED (
        SELECT no AS town, CASE WHEN no = ANY ((SELECT region.givers(1))::int[]) THEN 1 ELSE 5 END AS km
        FROM unnest(givers(5)) AS no WHERE NOT no = ANY ((SELECT region.givers(0))::int[])
    )
    SELECT a.town, a.rule, a.level, a.status, a.opened_ms, a.acknowledged_ms, p.code
    FROM alert a JOIN given g USING (town)
    JOIN device d ON d.town = a.town AND d.id = CASE a.device WHEN '' THEN a.subject ELSE a.device END
    JOIN place_square p ON p.device = d.no AND p.level_km = g.km
    WHERE a.status <> 'resolved'
$$;

CREATE OR REPLACE FUNCTION region.squares_1km(low int, high int)
RETURNS TABLE (town int, code text, devices bigint, alive_ms bigint, armed_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    SELECT r.town, p.code,
        count(DISTINCT x.device) FILTER (WHERE d.role IN ('detector', 'trap') AND x.alive_ms + x.armed_ms > 0),
        coalesce(sum(x.alive_ms) FILTER (WHERE d.role = 'detector'), 0)::bigint,
        coalesce(sum(x.armed_ms) FILTER (WHERE d.role = 'trap'), 0)::bigint
    FROM roll_day r, unnest(r.device, r.alive_ms, r.armed_ms) AS x(device, alive_ms, armed_ms)
    JOIN device d ON d.no = x.device
    JOIN place_square p ON p.device = x.device AND p.level_km = 1
    WHERE r.town = ANY ((SELECT region.givers(1))::int[]) AND r.day >= low AND r.day < high
    GROUP BY r.town, p.code
$$;

CREATE OR REPLACE FUNCTION region.squares_1km_seen(low int, high int)
RETURNS TABLE (town int, code text, species text, independent bigint, animals bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    SELECT r.town, p.code, x.species, sum(x.independent)::bigint, sum(x.animals)::bigint
    FROM roll_day r, unnest(r.seen_device, r.species, r.independent, r.animals)
        AS x(device, species, independent, animals)
    JOIN device d ON d.no = x.device AND d.role = 'detector'
    JOIN place_square p ON p.device = x.device AND p.level_km = 1
    WHERE r.town = ANY ((SELECT region.givers(1))::int[]) AND r.day >= low AND r.day < high
    GROUP BY r.town, p.code, x.species
$$;
