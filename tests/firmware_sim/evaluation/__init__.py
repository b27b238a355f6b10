"""The truth of a simulation and its comparison with a gateway's record."""
