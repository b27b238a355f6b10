-- What a hub tells the hub one level up: sums of 5 km squares and days over all its towns, nothing else. Squares
-- with fewer than 5 devices tell only that they are there; counts are told in steps of 5, smaller ones not.
CREATE TABLE region.square_sent (       -- what the hub one level up has, to send only what changed
    day int NOT NULL,
    code text NOT NULL,
    record bytea NOT NULL,
    PRIMARY KEY (day, code)
);
ALTER TABLE region.square_sent ENABLE ROW LEVEL SECURITY;
CREATE POLICY receive ON region.square_sent TO shishigaki_receiver USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON region.square_sent TO shishigaki_receiver;
INSERT INTO region.setting (key, value) VALUES ('hub.journal', md5(gen_random_uuid()::text));

CREATE FUNCTION region.told_count(n bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN n = 0 THEN 0 WHEN n >= 5 THEN n / 5 * 5 END $$;

CREATE FUNCTION region.told_days() RETURNS TABLE (first int, last int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    SELECT min(day), max(day) FROM (SELECT day FROM square_day UNION ALL SELECT day FROM square_sent) days
$$;

CREATE FUNCTION region.told_squares(low int, high int)
RETURNS TABLE (day int, code text, devices bigint, alive_ms bigint, armed_ms bigint,
    species text[], independent bigint[], animals bigint[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = region, pg_temp AS $$
    WITH effort AS (
        SELECT s.day, s.code, sum(s.devices) AS devices, sum(s.alive_ms) AS alive_ms, sum(s.armed_ms) AS armed_ms
        FROM square_day s WHERE s.day >= low AND s.day < high AND s.code <> '' GROUP BY 1, 2
    ), by_species AS (
        SELECT s.day, s.code, s.species, sum(s.independent)::bigint AS independent, sum(s.animals)::bigint AS animals
        FROM square_day_seen s WHERE s.day >= low AND s.day < high AND s.code <> '' GROUP BY 1, 2, 3
    ), seen AS (
        SELECT s.day, s.code, array_agg(s.species ORDER BY s.species) AS species,
            array_agg(told_count(s.independent) ORDER BY s.species) AS independent,
            array_agg(told_count(s.animals) ORDER BY s.species) AS animals
        FROM by_species s GROUP BY 1, 2
    )
    SELECT e.day, e.code, told_count(e.devices),
        CASE WHEN e.devices >= 5 THEN e.alive_ms END::bigint, CASE WHEN e.devices >= 5 THEN e.armed_ms END::bigint,
        CASE WHEN e.devices >= 5 THEN s.species END, CASE WHEN e.devices >= 5 THEN s.independent END,
        CASE WHEN e.devices >= 5 THEN s.animals END
    FROM effort e LEFT JOIN seen s USING (day, code) ORDER BY e.day, e.code
$$;
REVOKE EXECUTE ON FUNCTION region.told_count(bigint), region.told_days(), region.told_squares(int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION region.told_days(), region.told_squares(int, int) TO shishigaki_receiver;
