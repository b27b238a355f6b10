"""What one sensor with a good password can do to the broker and the gateway."""
