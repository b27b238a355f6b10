"""Committed events and sums to InfluxDB, at least once and without loss."""
