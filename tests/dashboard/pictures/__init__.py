"""Pages of pictures of cameras."""
