-- A condition of the reader's own is tried on rows that the view gives only. Without the barrier PostgreSQL may try
-- a condition that is cheap before it knows whose row it is, and its error or notice tells the row.
ALTER VIEW region.shown_day SET (security_barrier);
ALTER VIEW region.shown_day_seen SET (security_barrier);
ALTER VIEW region.shown_day_caught SET (security_barrier);
ALTER VIEW region.shown_month SET (security_barrier);
ALTER VIEW region.shown_month_seen SET (security_barrier);
ALTER VIEW region.shown_month_caught SET (security_barrier);

-- Nobody who reads makes functions or tables of his own, not even temporary ones.
DO $$ BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;

-- As before, but of towns that give squares the counts are those of `shown_count`.
CREATE OR REPLACE FUNCTION region.squares_1km(low int, high int)
RETURNS TABLE (town int, code text, devices bigint, alive_ms bigint, armed_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    WITH given AS MATERIALIZED (SELECT region.givers(0) AS exact, region.givers(1) AS squares),
    sums AS (
        SELECT r.town, p.code,
            count(DISTINCT x.device)
                FILTER (WHERE d.role IN ('detector', 'trap') AND x.alive_ms + x.armed_ms > 0) AS devices,
            coalesce(sum(x.alive_ms) FILTER (WHERE d.role = 'detector'), 0)::bigint AS alive_ms,
            coalesce(sum(x.armed_ms) FILTER (WHERE d.role = 'trap'), 0)::bigint AS armed_ms
        FROM roll_day r, unnest(r.device, r.alive_ms, r.armed_ms) AS x(device, alive_ms, armed_ms)
        JOIN device d ON d.no = x.device
        JOIN place_square p ON p.device = x.device AND p.level_km = 1
        WHERE r.town = ANY ((SELECT squares FROM given)::int[]) AND r.day >= low AND r.day < high
        GROUP BY r.town, p.code
    )
    SELECT s.town, s.code, region.shown_count(s.devices, s.town, given.exact), s.alive_ms, s.armed_ms
    FROM sums s, given
$$;

-- The same; of towns that give squares whole months of [low, high) only, each month's count by itself: spans that
-- differ by one day would tell that day's count, however the sums are rounded.
CREATE OR REPLACE FUNCTION region.squares_1km_seen(low int, high int)
RETURNS TABLE (town int, code text, species text, independent bigint, animals bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    WITH given AS MATERIALIZED (SELECT region.givers(0) AS exact, region.givers(1) AS squares),
    placed AS (
        SELECT r.town, p.code, x.species, x.independent, x.animals, r.town = ANY (given.exact) AS fine,
            date_trunc('month', timestamp '1970-01-01' + make_interval(days => r.day)) AS month
        FROM given, roll_day r, unnest(r.seen_device, r.species, r.independent, r.animals)
            AS x(device, species, independent, animals)
        JOIN device d ON d.no = x.device AND d.role = 'detector'
        JOIN place_square p ON p.device = x.device AND p.level_km = 1
        WHERE r.town = ANY ((SELECT squares FROM given)::int[]) AND r.day >= low AND r.day < high
    ), sums AS (
        SELECT town, code, species, sum(independent)::bigint AS independent, sum(animals)::bigint AS animals
        FROM placed WHERE fine OR month::date - date '1970-01-01' >= low
            AND (month + interval '1 month')::date - date '1970-01-01' <= high
        GROUP BY town, code, species, CASE WHEN NOT fine THEN month END
    )
    SELECT s.town, s.code, s.species, sum(region.shown_count(s.independent, s.town, given.exact))::bigint,
        sum(region.shown_count(s.animals, s.town, given.exact))::bigint
    FROM sums s, given GROUP BY s.town, s.code, s.species
$$;
