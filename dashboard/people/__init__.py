"""The office's page of people: who is notified, who logs in, in which role; and the audit of its changes."""
