"""What the database knows of clocks: errors of receivers, and what is dated again once the time is known."""
