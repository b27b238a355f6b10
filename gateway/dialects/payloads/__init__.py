"""What all dialects check in a payload: cost, possible figures, side fields; and advice for broken ones.

Must not know any dialect, model or device.
"""
