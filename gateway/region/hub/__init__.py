"""The region's hub: takes what its towns send into PostgreSQL, and answers who may read what.

Must not judge an event, open an alert about one, or send anything to people: each town has done that. Must
not import the gateway's own store (SQLite) nor `gateway.alerts`.
"""
