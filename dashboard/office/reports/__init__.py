"""Residents' reports for officials, and for the trapper who was handed one. Must not load what calculates."""
