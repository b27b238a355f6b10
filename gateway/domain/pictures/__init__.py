"""Pictures of cameras in the field and the names that people and classifiers give them, as values. PURE."""
