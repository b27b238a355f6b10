"""Alerts beside pictures of cameras: `python -m tests.bench.pictures [springs]`."""
