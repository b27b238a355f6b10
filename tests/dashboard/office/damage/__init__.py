"""Tests of the pages about damage."""
