"""The backlog in a surge: how much of it is judged at once."""
