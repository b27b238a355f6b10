"""What people do at traps and on alerts."""
