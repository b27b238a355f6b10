"""People in the database: their rows, the audit of their changes, and how the accounts became people."""
