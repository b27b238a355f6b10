"""Programs in front of the pages, set up as INSTALL.md says."""
