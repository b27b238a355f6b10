"""Cameras that send pictures by mail. Owns the bytes of their mails; must not send any."""
