"""Towns of a region: real gateways as processes, and what they hold."""
