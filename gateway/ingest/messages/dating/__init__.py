"""From a reading to its event: clocks corrected, replays compared, contradictions settled."""
