"""Tests of asking for warnings nearby."""
