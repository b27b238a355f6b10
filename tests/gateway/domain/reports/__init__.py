"""Tests of residents' reports as values."""
