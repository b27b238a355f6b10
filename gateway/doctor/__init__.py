"""Examines one gateway and its machine: what is wrong, why, and the one command that mends it.

Owns the table of checks (`table.py`), their order and how they are run. Must not repair
anything, nor disturb a running gateway.
"""
