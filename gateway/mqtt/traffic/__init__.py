"""Field traffic in a file: recorded as it came, played again with its timing. Must not decode messages."""
