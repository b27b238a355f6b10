"""What is wrong with a map pack or with a file for one.

Owns the error.
"""

from gateway.domain.errors import BadInputError


class MapPackError(BadInputError):
    """A file that no map pack can be made from, or a pack that cannot be used; the text says why."""
