"""The real servers of a region: PostgreSQL, its cluster, the door, network namespaces."""
