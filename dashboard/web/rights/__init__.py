"""Which route is about what, and the gate that every request passes."""
