"""What every payload is asked first: figures that can be true, odd side fields, what to do when it is broken.

Must not know any dialect, model or device.
"""
