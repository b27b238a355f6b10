"""`shishigaki evaluate`."""
