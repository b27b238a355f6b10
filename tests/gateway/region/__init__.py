"""The uplink of a town and what its region receives."""
