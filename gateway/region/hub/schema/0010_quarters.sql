-- A map of a year reads four quarters instead of twelve months: with 1,700 towns it took 470 ms of CPU by months.
CREATE TABLE region.square_quarter (    -- quarter: month / 3, since 1970
    town int NOT NULL,
    quarter int NOT NULL,
    code text NOT NULL,
    devices int,
    alive_ms bigint,
    armed_ms bigint,
    PRIMARY KEY (town, quarter, code)
);
CREATE TABLE region.square_quarter_seen (
    town int NOT NULL,
    quarter int NOT NULL,
    code text NOT NULL,
    species text NOT NULL,
    independent bigint,
    animals bigint,
    untold int NOT NULL,                -- months that were too small to tell
    PRIMARY KEY (town, quarter, code, species)
);
CREATE INDEX square_quarter_time ON region.square_quarter (quarter) INCLUDE (town, code, alive_ms);
CREATE INDEX square_quarter_seen_species ON region.square_quarter_seen (species, quarter)
    INCLUDE (town, code, independent, untold);
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['square_quarter', 'square_quarter_seen'] LOOP
        EXECUTE format('ALTER TABLE region.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY receive ON region.%I TO shishigaki_receiver
            USING (town = (SELECT region.this_town()))
            WITH CHECK (town = (SELECT region.this_town()))', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON region.%I TO shishigaki_receiver', name);
        EXECUTE format('CREATE POLICY sums ON region.%I FOR SELECT TO shishigaki_pages
            USING (town = ANY ((SELECT region.givers(5))::int[]))', name);
        EXECUTE format('GRANT SELECT ON region.%I TO shishigaki_pages', name);
    END LOOP;
END $$;

INSERT INTO region.square_quarter
    SELECT town, month / 3, code, max(devices), sum(alive_ms), sum(armed_ms) FROM region.square_month
    GROUP BY 1, 2, 3;
INSERT INTO region.square_quarter_seen
    SELECT town, month / 3, code, species, sum(independent), sum(animals),
        count(*) FILTER (WHERE independent IS NULL)
    FROM region.square_month_seen GROUP BY 1, 2, 3, 4;

-- As before, but whole quarters of [low, high) are read as such, and only the months beside them as months.
CREATE OR REPLACE FUNCTION region.map_squares(low int, high int, of_species text, inside text)
RETURNS TABLE (code text, own_alive_ms bigint, others_alive_ms bigint, own_n bigint, others_n bigint, untold bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    WITH given AS MATERIALIZED (
        SELECT no AS town, no = ANY ((SELECT region.givers(0))::int[]) AS fine FROM unnest(givers(5)) AS no
    ), effort_parts AS (
        SELECT q.town, q.code, q.alive_ms FROM square_quarter q
        WHERE q.quarter >= (low + 2) / 3 AND q.quarter < high / 3
        UNION ALL
        SELECT m.town, m.code, m.alive_ms FROM square_month m
        WHERE m.month >= low AND m.month < high
            AND (m.month / 3 < (low + 2) / 3 OR m.month / 3 >= high / 3)
    ), effort AS (
        SELECT m.code, sum(m.alive_ms) FILTER (WHERE g.fine) AS own,
            sum(m.alive_ms) FILTER (WHERE NOT g.fine) AS others
        FROM effort_parts m JOIN given g USING (town)
        WHERE m.code <> '' AND starts_with(m.code, inside) GROUP BY m.code
    ), seen_parts AS (
        SELECT q.town, q.code, q.independent, q.untold FROM square_quarter_seen q
        WHERE q.species = of_species AND q.quarter >= (low + 2) / 3 AND q.quarter < high / 3
        UNION ALL
        SELECT m.town, m.code, m.independent, CASE WHEN m.independent IS NULL THEN 1 ELSE 0 END
        FROM square_month_seen m
        WHERE m.species = of_species AND m.month >= low AND m.month < high
            AND (m.month / 3 < (low + 2) / 3 OR m.month / 3 >= high / 3)
    ), seen AS (
        SELECT s.code, sum(s.independent) FILTER (WHERE g.fine) AS own,
            sum(s.independent) FILTER (WHERE NOT g.fine) AS others, sum(s.untold) AS untold
        FROM seen_parts s JOIN given g USING (town)
        WHERE s.code <> '' AND starts_with(s.code, inside) GROUP BY s.code
    )
    SELECT e.code, coalesce(e.own, 0)::bigint, coalesce(e.others, 0)::bigint, coalesce(s.own, 0)::bigint,
        coalesce(s.others, 0)::bigint, coalesce(s.untold, 0)::bigint
    FROM effort e LEFT JOIN seen s USING (code)
    WHERE coalesce(e.own, 0) + coalesce(e.others, 0) > 0
$$;
