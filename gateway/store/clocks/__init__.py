"""Clocks in the database: errors of receivers, and times that are corrected once the time is known."""
