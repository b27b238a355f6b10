"""What a return to the earlier version needs of the database.

While a new version is tried, each message is also kept as it came, in the transaction that takes it. When the
version fails, the copy that was made before takes the database's place, and these messages wait in its
backlog: nothing that was confirmed meanwhile is lost. The table of `schema` and the key `SettingKey.TRIAL`
are read by older programs than the one that wrote them: they never change.
"""
