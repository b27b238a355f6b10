"""The topics under which the gateway itself speaks: their names, and what the broker retains of them."""
