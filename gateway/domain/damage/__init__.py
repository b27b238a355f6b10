"""Damage to crops, as values. PURE. Must not store anything."""
