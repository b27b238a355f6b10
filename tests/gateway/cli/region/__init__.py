"""Commands of a region."""
