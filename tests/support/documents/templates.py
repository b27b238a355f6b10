"""Templates of the pages, compiled once for all tests of a process: tests make the pages hundreds of times.

Owns the compiled templates. Must not change what they show: a template is compiled again for another text
of it and for an environment that escapes otherwise.
"""

from collections.abc import Callable
from types import CodeType

import jinja2
from jinja2.bccache import Bucket

Key = tuple[str, str, object]


class Compiled(jinja2.BytecodeCache):
    """Templates as code, kept in memory."""

    def __init__(self) -> None:
        self._known: dict[Key, CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """The code of a template that was compiled before."""
        bucket.code = self._known.get(_key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        self._known[_key(bucket)] = bucket.code

    def beside(self, make: Callable[[], jinja2.Environment]) -> Callable[[], jinja2.Environment]:
        """The same as `make`, but its environments compile nothing twice."""

        def environment() -> jinja2.Environment:
            made = make()
            made.bytecode_cache = self
            return made

        return environment


def _key(bucket: Bucket) -> Key:
    return bucket.key, bucket.checksum, bucket.environment.autoescape
