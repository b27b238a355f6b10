"""Tests of the pages about the region."""
