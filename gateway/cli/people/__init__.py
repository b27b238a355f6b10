"""Commands about people and programs that may get in: people, users, sessions, secrets, tokens."""
