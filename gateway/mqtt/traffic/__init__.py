"""Traffic beside the gateway's own session: followed, recorded in a file, played again with its timing.

Must not decode messages.
"""
