"""The tables of pictures of cameras, and of the names that people and classifiers gave them. SQL only."""
