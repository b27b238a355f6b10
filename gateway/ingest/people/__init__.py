"""Actions of people at traps and on alerts."""
