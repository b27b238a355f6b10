"""From a reading to its event: corrects clocks, compares retained messages, resolves contradictions."""
