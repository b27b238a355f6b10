"""Tests of warnings to residents nearby."""
