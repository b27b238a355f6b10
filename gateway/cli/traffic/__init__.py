"""Recording of field traffic, and playing it again. Must not decode messages."""
