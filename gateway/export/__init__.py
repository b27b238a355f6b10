"""What leaves the gateway, except alerts: retained topics, InfluxDB and files. Must not import `ingest`."""
