"""Recordings of field traffic."""
