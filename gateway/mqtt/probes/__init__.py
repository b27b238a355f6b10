"""Short separate connections that ask the broker what we may do. Must not touch the gateway's session."""
