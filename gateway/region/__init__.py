"""One town's record in a region: what a town sends, and in which form. Must not judge nor notify anybody."""
