"""The office's pages of people in a browser, and getting in."""
