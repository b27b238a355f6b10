"""Pages that calculate run in a process of their own, which the gateway starts, limits and ends.

Owns the way of a request there and back. Must not know what the pages show.
"""
