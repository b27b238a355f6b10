"""The uplink at the town, against regions that answer, refuse, cut and forget."""
