"""What other programs read at the broker: retained topics and Home Assistant declarations."""
