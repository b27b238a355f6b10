"""Commands about devices and what they say."""
