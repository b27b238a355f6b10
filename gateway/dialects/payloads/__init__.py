"""What all dialects check in a payload: possible figures, impossible side fields, advice for broken ones.

Must not know any dialect, model or device.
"""
