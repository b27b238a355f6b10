"""Radios and firmware of real kinds."""
