"""Places: JIS X 0410 mesh codes and areas of land. Pure."""
