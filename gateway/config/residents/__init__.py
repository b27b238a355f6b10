"""The settings of what residents send and receive. PURE: they are not used here."""
