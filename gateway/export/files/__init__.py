"""Files to download: Camtrap DP packages, events as CSV or JSON lines."""
