"""Tests of what residents send and are answered."""
