"""What others that follow the journal have, must get again, and have refused. Must not know the network."""
