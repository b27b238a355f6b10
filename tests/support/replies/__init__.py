"""Servers that replies come through: a mailbox and a topic of buttons."""
