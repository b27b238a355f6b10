"""People: who is notified, who may log in, and what each role may see and do. PURE."""
