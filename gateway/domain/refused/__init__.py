"""What does not count: limits of what is held, floods of names, identities used twice, counts of messages."""
