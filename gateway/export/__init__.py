"""Everything that leaves the gateway except alerts. Must not import `ingest`."""
