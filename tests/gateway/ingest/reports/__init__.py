"""Tests of how residents' reports are taken and changed."""
