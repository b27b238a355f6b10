"""Commands about devices and their messages."""
