"""Who may use the hub's pages: accounts, the cookie of a session, the gate that every request passes."""
