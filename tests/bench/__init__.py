"""Measurements: each module prints medians of interleaved runs; `python -m tests.bench` runs all."""
