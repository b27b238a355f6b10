"""What everybody may see: 5 km squares. Must not show an exact place."""
