"""Intervals and comparisons: their coverage in simulation, properties, and independent references."""
