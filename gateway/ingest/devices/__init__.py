"""Devices: lists, approval, trace of messages."""
