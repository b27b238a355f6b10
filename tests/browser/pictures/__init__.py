"""The page of pictures in real Chromium."""
