"""Animals in groups and the land they live on."""
