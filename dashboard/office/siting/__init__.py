"""Where to place the next traps, and why."""
