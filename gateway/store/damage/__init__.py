"""Records of damage to crops: their table and what is read of it.

Owns the statements. Must not judge a record nor delete one.
"""
