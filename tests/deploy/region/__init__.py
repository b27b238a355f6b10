"""The shipped configuration of a region's hub, with the real programs."""
