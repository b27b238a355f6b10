"""A region's real servers for tests: PostgreSQL with PostGIS, alone or as a cluster, on loopback only."""
