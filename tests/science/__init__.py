"""Promises of the spatial and statistical parts, held against independent values."""
