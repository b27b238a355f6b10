"""Traps: what people do at them, and what follows. Must not store, alert or read a clock."""
