"""Groups of animals with home ranges: how they walk, meet places and grow. Must not know devices."""
