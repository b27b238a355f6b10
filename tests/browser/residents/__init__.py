"""Tests of the residents' form in a real browser."""
