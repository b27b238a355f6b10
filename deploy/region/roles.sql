-- The database of a region and who logs in to it. Run again at any time: what is there stays, passwords are set anew.
-- psql -v owner_password=... -v hub_password=... -f roles.sql   as postgres, where the database can be written
SELECT format('CREATE ROLE %I %s', name, what) FROM (VALUES
    ('shishigaki_owner', 'LOGIN CREATEROLE'),
    ('shishigaki_hub', 'LOGIN NOINHERIT'),
    ('shishigaki_receiver', 'NOLOGIN'),
    ('shishigaki_pages', 'NOLOGIN'),
    ('shishigaki_reader', 'NOLOGIN')) wanted(name, what)
WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec
ALTER ROLE shishigaki_owner PASSWORD :'owner_password';
ALTER ROLE shishigaki_hub PASSWORD :'hub_password';
GRANT shishigaki_receiver, shishigaki_pages, shishigaki_reader TO shishigaki_hub;
GRANT pg_read_all_stats TO shishigaki_owner; -- the doctor asks which replicas stand
SELECT 'CREATE DATABASE region OWNER shishigaki_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'region') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE region FROM PUBLIC;
GRANT CONNECT ON DATABASE region TO shishigaki_hub, shishigaki_reader;
\connect region
CREATE EXTENSION IF NOT EXISTS postgis;
