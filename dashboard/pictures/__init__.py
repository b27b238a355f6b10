"""Pages of pictures of cameras: who may see one, naming what they show. Must not keep or make pictures."""
