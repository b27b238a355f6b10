"""Imports on the page: a file is sent, looked at in a process of its own, imported, and can be undone.

Owns these pages. Must not read a file in the gateway's own process.
"""
