"""The migration for the messages of a trial. Never edited once released.

Owns this step of `store.schema`. Older versions read the table after a return: no later migration may
change it.
"""

TRIAL = """
CREATE TABLE trial_message (        -- what came while a new version was tried (`store.trial`)
    no INTEGER PRIMARY KEY,
    clock TEXT NOT NULL,            -- backlog.ReceiptClock
    received_ms INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL
) STRICT;
"""
