"""How many messages are taken together: what waits for others, and the slices of a backlog. PURE."""
