"""Warnings to people who asked for them: planned with their cause, sent as mail. No exact place leaves."""
