"""Stories after public reports about equipment, before the real gateway and a real broker."""
