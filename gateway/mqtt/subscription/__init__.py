"""What we ask for in a SUBSCRIBE, and what the retain flag of its answers means."""
