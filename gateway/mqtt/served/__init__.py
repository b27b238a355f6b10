"""What the broker of this machine shows to sensors."""
