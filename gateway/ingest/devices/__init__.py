"""Which devices count: lists, discovery and approval, trace of messages."""
