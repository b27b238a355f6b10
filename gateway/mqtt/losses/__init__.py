"""Finds lost messages: taken by another program with our client id, or dropped by the broker.

Must not connect: `session` and `broker_stats` do.
"""
