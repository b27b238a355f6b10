"""Photos from phones: received, checked in a process of their own, and kept as evidence without metadata."""
