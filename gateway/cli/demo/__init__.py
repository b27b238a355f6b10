"""The demo: a simulated island with a year of data, live in the browser."""
