"""People: who is told, who may log in, and what each role may see and do. PURE."""
