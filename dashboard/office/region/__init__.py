"""Pages about the region: a town's agreements (served by its gateway), and the pages of the region's hub."""
