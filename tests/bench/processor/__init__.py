"""Benchmarks of the processor's time in one process, without a broker."""
