"""Everything that comes in; each file ends in one transaction. Must not import `export`."""
