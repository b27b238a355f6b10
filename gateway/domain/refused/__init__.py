"""Messages that give no event: limits of held messages, floods of names, identities used twice, counts."""
