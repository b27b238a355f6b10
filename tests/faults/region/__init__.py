"""A region under kills, cuts and losses: the real hub with its real programs (`make test-region`)."""
