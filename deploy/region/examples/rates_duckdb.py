"""Rates of the region from its monthly files, with DuckDB: events per 100 camera-days by square and species.

pip install duckdb;  python rates_duckdb.py FOLDER
"""

import sys

import duckdb

FOLDER = sys.argv[1]
QUERY = f"""
WITH effort AS (
    SELECT code, sum(camera_days) AS camera_days FROM '{FOLDER}/effort-*.parquet'
    WHERE code <> '' GROUP BY code
), counts AS (
    SELECT code, species, sum(events) AS events, count(*) FILTER (WHERE events IS NULL) AS hidden
    FROM '{FOLDER}/counts-*.parquet' WHERE code <> '' GROUP BY code, species
)
SELECT code, species, coalesce(events, 0)::BIGINT AS events, camera_days,
    100 * coalesce(events, 0) / camera_days AS per100, hidden
FROM counts JOIN effort USING (code) WHERE camera_days > 0 ORDER BY code, species
"""

duckdb.sql(QUERY).write_csv("/dev/stdout")
