"""Capture papers, with photos that must hide nothing and reveal nothing."""
