"""The settings of photos from phones and pictures of cameras. PURE. Must not connect nor read a folder."""
