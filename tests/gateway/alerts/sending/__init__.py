"""From the outbox to a person: when it may go, and in how many messages."""
