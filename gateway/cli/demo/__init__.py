"""The demo: a simulated island with a past, live in the browser."""
