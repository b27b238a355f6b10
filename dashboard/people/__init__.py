"""The office's page of people: who is told, who logs in, as what; and the audit of its changes."""
