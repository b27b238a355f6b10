"""Sums by hour, day and month, from which maps and figures are computed."""
