"""The whole gateway in one encrypted file: made, kept, tried each month, and put onto a blank card.

Owns what belongs to a gateway, the form of the file and its keys. The database is copied by `store.recovery`.
Must not restore beside a running gateway.
"""
