"""The topics under which the gateway itself publishes: their names, and what the broker retains of them."""
