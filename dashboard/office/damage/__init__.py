"""Records of damage to crops: the form and the list (`pages`), and the file to save (`files`).

Owns these pages. Must not judge a record (`gateway.ingest.people.damage`).
"""
