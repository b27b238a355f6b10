"""How sure a figure is: intervals of pooled rates, ratios of two rates, and what would make them clear.

Owns the choice of each interval; `dashboard/METHODS.md` has the measured coverage. Must not know devices,
words or pages.
"""
