"""What others may have taken from us or the broker may have lost, from connections, log and counters.

Must not connect: the session and the reader of `$SYS` do.
"""
