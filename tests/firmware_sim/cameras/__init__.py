"""Cameras that send mails."""
