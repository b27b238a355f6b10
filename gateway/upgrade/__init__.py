"""Upgrades without a visit: a signed bundle is unpacked, tried behind health gates, and accepted or undone.

Owns which version runs, the steps of an upgrade and their order on the disk, so that a power cut at any
moment is followed by the next step or by the way back. What is decided is pure (`phases`, `gates`,
`manifest`). Must not know what the gateway does with its data: `store.trial` keeps it whole.
"""
