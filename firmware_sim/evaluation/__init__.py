"""The truth of a simulation, held against a gateway's record. Must not import or run a gateway."""
