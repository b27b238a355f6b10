"""Bytes that gateway and broker write at a normal site."""
