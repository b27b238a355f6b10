"""What all parts that send the journal elsewhere share: alarm, pauses, errors. Must not know what is sent."""
