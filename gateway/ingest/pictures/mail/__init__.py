"""Mails of cameras: fetched from a mailbox, read in the process for foreign bytes, taken if allowed."""
