"""Forms with files as they arrive: the parts of the body, and the photos among them.

Owns the limits of a form. Must not know what a form is about.
"""
