"""Where traps catch most: space use of animals, captures with depletion, choice of places. PURE."""
