"""Pages for officials: maps, figures, papers, siting. Loaded at the first request."""
