"""What towns send, into the tables: one transaction a block, the same whether it comes once or ten times."""
