"""A multipart form as it arrives: each part is handed on while it comes, nothing is held back or spooled.

Owns the limits of parts. Must not know which fields a form has. A file is a stream that its reader may
leave before its end: what is left of it is then read and dropped, so that the sender receives the answer.
"""

from collections import deque
from collections.abc import AsyncIterator
from enum import Enum

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.domain.errors import BadInputError

MAX_BODY_BYTES = 150_000_000  # of all parts, those that are dropped too
MAX_PARTS = 100


class FormError(BadInputError, ValueError):
    """The body is not a multipart form, or it has more than any form of these pages."""


Headers = dict[bytes, bytes]


class _Mark(Enum):
    END = "end"  # of a part


class Part:
    """One field or file."""

    def __init__(self, form: "MultipartForm", headers: Headers) -> None:
        _, options = parse_options_header(headers.get(b"content-disposition", b""))
        self.name = options.get(b"name", b"").decode("utf-8", "replace")
        self.is_file = b"filename" in options
        self.filename = options.get(b"filename", b"").decode("utf-8", "replace")
        self._form = form

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content that has not been read yet."""
        while isinstance(piece := await self._form.next(), bytes):
            yield piece

    async def text(self, most_bytes: int) -> str:
        """The content of a field. Raises FormError when it is longer."""
        content = b""
        async for piece in self.pieces():
            content += piece
            if len(content) > most_bytes:
                raise FormError(f"{self.name[:40]!r}: more than {most_bytes} bytes")
        return content.decode("utf-8", "replace")


class MultipartForm:
    """The parts of one request body."""

    def __init__(self, content_type: str, body: AsyncIterator[bytes]) -> None:
        _, options = parse_options_header(content_type)
        if not options.get(b"boundary"):
            raise FormError("a multipart form without a boundary")
        self._body = body
        self._waiting: deque[bytes | Headers | _Mark] = deque()
        self._size = 0
        self._name, self._value = b"", b""
        self._headers: Headers = {}
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_header_field": self._on_name,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_headers_finished": self._on_headers,
                "on_part_data": lambda data, start, end: self._waiting.append(
                    bytes(data[start:end])
                ),
                "on_part_end": lambda: self._waiting.append(_Mark.END),
            },
        )

    async def parts(self) -> AsyncIterator[Part]:
        """The parts in their order. Raises FormError."""
        for _ in range(MAX_PARTS):
            found = await self.next()
            while isinstance(found, bytes | _Mark):  # what the last reader left
                found = await self.next()
            if found is None:
                return
            yield Part(self, found)
        raise FormError(f"more than {MAX_PARTS} parts")

    async def next(self) -> bytes | Headers | _Mark | None:
        """The next headers of a part, piece of its content, or its end; None: the body is over."""
        while not self._waiting:
            piece = await anext(self._body, None)
            if piece is None:
                return None
            self._size += len(piece)
            if self._size > MAX_BODY_BYTES:
                raise FormError(f"more than {MAX_BODY_BYTES // 1_000_000} MB")
            self._feed(piece)
        return self._waiting.popleft()

    def _feed(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise FormError(str(error)) from None

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_headers(self) -> None:
        self._waiting.append(self._headers)
        self._headers = {}

    def _on_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""
