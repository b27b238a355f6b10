"""Maps in a real browser: the ground under the marks, a site's own map, sheets of paper."""
