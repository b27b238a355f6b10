"""Map layers for other programs: captures, devices, rates and squares, with their styles."""
