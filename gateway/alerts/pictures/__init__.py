"""The picture behind an alert, sent after its text where the channel can show one. Never delays a text."""
