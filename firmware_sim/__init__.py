"""Stands in for the sensors' firmware. Imports nothing of `gateway` or `dashboard`."""
