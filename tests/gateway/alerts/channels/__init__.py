"""How each channel sends, and what of a provider's answer counts as sent."""
