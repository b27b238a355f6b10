-- Analysts with a log-in of their own read sums of others as `sharing.shown_count` shows them: in steps of 5, and
-- NULL where there are fewer. Of towns that give them exact places they read the sums themselves.
REVOKE SELECT ON region.square_day, region.square_day_seen, region.square_day_caught, region.square_month,
    region.square_month_seen, region.square_month_caught FROM shishigaki_reader;

CREATE FUNCTION region.shown_count(n bigint, of_town int, exact int[]) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN of_town = ANY (exact) OR n = 0 THEN n WHEN n >= 5 THEN n / 5 * 5 END
$$;

-- Views with the owner's rights: they name the towns themselves.
DO $$
DECLARE unit text;
BEGIN
    FOREACH unit IN ARRAY ARRAY['day', 'month'] LOOP
        EXECUTE format('CREATE VIEW region.shown_%1$s AS
            WITH mine AS MATERIALIZED (SELECT region.givers(0) AS exact, region.givers(5) AS given)
            SELECT s.town, s.%1$s, s.code, region.shown_count(s.devices, s.town, mine.exact) AS devices,
                s.alive_ms, s.armed_ms
            FROM mine, region.square_%1$s s WHERE s.town = ANY (mine.given)', unit);
        EXECUTE format('CREATE VIEW region.shown_%1$s_seen AS
            WITH mine AS MATERIALIZED (SELECT region.givers(0) AS exact, region.givers(5) AS given)
            SELECT s.town, s.%1$s, s.code, s.species,
                region.shown_count(s.independent, s.town, mine.exact) AS independent,
                region.shown_count(s.animals, s.town, mine.exact) AS animals
            FROM mine, region.square_%1$s_seen s WHERE s.town = ANY (mine.given)', unit);
        EXECUTE format('CREATE VIEW region.shown_%1$s_caught AS
            WITH mine AS MATERIALIZED (SELECT region.givers(0) AS exact, region.givers(5) AS given)
            SELECT s.town, s.%1$s, s.code, s.species,
                region.shown_count(s.captures, s.town, mine.exact) AS captures
            FROM mine, region.square_%1$s_caught s WHERE s.town = ANY (mine.given)', unit);
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION region.shown_count(bigint, int, int[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION region.shown_count(bigint, int, int[]) TO shishigaki_reader;
GRANT SELECT ON region.shown_day, region.shown_day_seen, region.shown_day_caught, region.shown_month,
    region.shown_month_seen, region.shown_month_caught TO shishigaki_reader;
