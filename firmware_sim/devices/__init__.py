"""Simulated devices: firmware, radio, battery, payloads."""
