"""The always-on service as a process: its signals, and settings read again."""
