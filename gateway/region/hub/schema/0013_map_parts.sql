-- A row now stands for the three months that end with month `last`, whichever that is: a map of a year reads four of
-- them. Quarters of the calendar left three months of most years over, and were read beside all twelve. Towns are
-- looked up by hash: to sort all rows by town took a third of the time.
TRUNCATE region.square_quarter, region.square_quarter_seen;
ALTER TABLE region.square_quarter RENAME quarter TO last;
ALTER TABLE region.square_quarter_seen RENAME quarter TO last;
ALTER TABLE region.square_quarter DROP devices;
INSERT INTO region.square_quarter
    SELECT town, month + more, code, sum(alive_ms), sum(armed_ms)
    FROM region.square_month, generate_series(0, 2) more GROUP BY 1, 2, 3;
INSERT INTO region.square_quarter_seen
    SELECT town, month + more, code, species, sum(independent), sum(animals),
        count(*) FILTER (WHERE independent IS NULL)
    FROM region.square_month_seen, generate_series(0, 2) more GROUP BY 1, 2, 3, 4;
DROP INDEX region.square_quarter_time, region.square_month_month;
CREATE INDEX square_quarter_time ON region.square_quarter (last) INCLUDE (town, code, alive_ms, armed_ms);
CREATE INDEX square_month_month ON region.square_month (month) INCLUDE (town, code, alive_ms, armed_ms);

-- The last months of the quarters that [low, high) is read by, from its end; up to two months before them are left.
CREATE FUNCTION region.quarters_of(low int, high int) RETURNS int[]
LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY(SELECT generate_series(high - 1, low + 2, -3)) $$;
REVOKE EXECUTE ON FUNCTION region.quarters_of(int, int) FROM PUBLIC;

CREATE OR REPLACE FUNCTION region.map_squares(low int, high int, of_species text, inside text)
RETURNS TABLE (code text, own_alive_ms bigint, others_alive_ms bigint, own_n bigint, others_n bigint, untold bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = region, pg_temp
SET enable_mergejoin = off SET enable_sort = off SET work_mem = '32MB' AS $$
DECLARE
    lasts int[] := region.quarters_of(low, high);
    until int := low + (high - low) % 3;
BEGIN
    RETURN QUERY
    WITH given AS MATERIALIZED (
        SELECT no AS town, no = ANY ((SELECT region.givers(0))::int[]) AS fine FROM unnest(givers(5)) AS no
    ), effort_parts AS (
        SELECT q.town, q.code, q.alive_ms FROM square_quarter q WHERE q.last = ANY (lasts)
        UNION ALL
        SELECT m.town, m.code, m.alive_ms FROM square_month m WHERE m.month >= low AND m.month < until
    ), effort AS (
        SELECT p.code, sum(p.alive_ms) FILTER (WHERE g.fine) AS own,
            sum(p.alive_ms) FILTER (WHERE NOT g.fine) AS others
        FROM effort_parts p JOIN given g USING (town)
        WHERE p.code <> '' AND starts_with(p.code, inside) GROUP BY p.code
    ), seen_parts AS (
        SELECT q.town, q.code, q.independent, q.untold FROM square_quarter_seen q
        WHERE q.species = of_species AND q.last = ANY (lasts)
        UNION ALL
        SELECT m.town, m.code, m.independent, (m.independent IS NULL)::int FROM square_month_seen m
        WHERE m.species = of_species AND m.month >= low AND m.month < until
    ), seen AS (
        SELECT p.code, sum(p.independent) FILTER (WHERE g.fine) AS own,
            sum(p.independent) FILTER (WHERE NOT g.fine) AS others, sum(p.untold) AS untold
        FROM seen_parts p JOIN given g USING (town)
        WHERE p.code <> '' AND starts_with(p.code, inside) GROUP BY p.code
    )
    SELECT e.code, coalesce(e.own, 0)::bigint, coalesce(e.others, 0)::bigint, coalesce(s.own, 0)::bigint,
        coalesce(s.others, 0)::bigint, coalesce(s.untold, 0)::bigint
    FROM effort e LEFT JOIN seen s USING (code)
    WHERE coalesce(e.own, 0) + coalesce(e.others, 0) > 0;
END $$;

-- The same for the comparison of towns.
CREATE OR REPLACE FUNCTION region.town_sums(low int, high int, of_species text)
RETURNS TABLE (town int, fine boolean, alive_ms bigint, n bigint, armed_ms bigint, captures bigint, untold bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = region, pg_temp
SET enable_mergejoin = off SET enable_sort = off SET work_mem = '32MB' AS $$
DECLARE
    lasts int[] := region.quarters_of(low, high);
    until int := low + (high - low) % 3;
BEGIN
    RETURN QUERY
    WITH given AS MATERIALIZED (
        SELECT no AS town, no = ANY ((SELECT region.givers(0))::int[]) AS fine FROM unnest(givers(5)) AS no
    ), effort_parts AS (
        SELECT q.town, q.alive_ms, q.armed_ms FROM square_quarter q WHERE q.last = ANY (lasts)
        UNION ALL
        SELECT m.town, m.alive_ms, m.armed_ms FROM square_month m WHERE m.month >= low AND m.month < until
    ), effort AS (
        SELECT p.town, sum(p.alive_ms) AS alive, sum(p.armed_ms) AS armed FROM effort_parts p GROUP BY p.town
    ), seen_parts AS (
        SELECT q.town, q.independent, q.untold FROM square_quarter_seen q
        WHERE q.species = of_species AND q.last = ANY (lasts)
        UNION ALL
        SELECT m.town, m.independent, (m.independent IS NULL)::int FROM square_month_seen m
        WHERE m.species = of_species AND m.month >= low AND m.month < until
    ), seen AS (
        SELECT p.town, sum(p.independent) AS n, sum(p.untold) AS untold FROM seen_parts p GROUP BY p.town
    ), caught AS (
        SELECT c.town, sum(c.captures) AS n, count(*) FILTER (WHERE c.captures IS NULL) AS untold
        FROM square_month_caught c WHERE c.species = of_species AND c.month >= low AND c.month < high GROUP BY c.town
    )
    SELECT g.town, g.fine, coalesce(e.alive, 0)::bigint, coalesce(s.n, 0)::bigint, coalesce(e.armed, 0)::bigint,
        coalesce(c.n, 0)::bigint, (coalesce(s.untold, 0) + coalesce(c.untold, 0))::bigint
    FROM given g JOIN town t ON t.no = g.town LEFT JOIN effort e USING (town) LEFT JOIN seen s USING (town)
        LEFT JOIN caught c USING (town);
END $$;
