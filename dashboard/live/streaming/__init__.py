"""The stream of changes: what is sent to open pages, how, and to how many."""
