"""Animals and scenarios: the simulated truth."""
