"""Pictures that follow the texts of alerts."""
