"""The handbooks of trapper, official and installer, in Japanese: one page each, with pictures.

Owns their text and page. Must not read the store.
"""
