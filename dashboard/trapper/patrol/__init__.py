"""The day's patrol: which traps, in which order, and that somebody was there. Must not decide what is due."""
