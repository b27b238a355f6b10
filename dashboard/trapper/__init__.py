"""Pages on which trappers act: one tap from a message, and a trap's own page."""
