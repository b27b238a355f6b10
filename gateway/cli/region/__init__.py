"""`shishigaki region`: commands at a town and at the region's hub. Must not be loaded where no region is."""
