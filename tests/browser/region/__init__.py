"""The pages of a region in a real browser."""
