"""The options of SUBSCRIBE, and the meaning of the retain flag in received messages."""
