"""An older database gets small pages: killed, out of room or out of time amid the change."""
