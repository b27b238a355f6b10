"""Other people's programs beside ours, the real ones: `make test-clients`."""
