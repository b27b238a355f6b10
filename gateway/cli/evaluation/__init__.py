"""`shishigaki evaluate`: a simulation through this gateway, held against its truth. Must not compare."""
