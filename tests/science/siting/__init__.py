"""Where to place traps: the choice, its uncertainty, and landscapes whose truth is known."""
