"""Sends a town's record to its region: at least once, without loss, the newest springs first.

A round passes `uplink` (when and in which order), `blocks` (what is due), `outgoing` (as exact as agreed),
`delivery` and `replies` (what an answer means) and `connection` (the network). `requests` decides what the
region asks for. Must not decide what an event means, nor notify anybody.
"""
