"""The bundle of evidence: rows, photos and the SHA-256 of every file, as a ZIP.

Owns its content and its order. A bundle for the office has the photos as they are kept, because evidence
must not be changed. A bundle for publication has photos without metadata, and no person, no trap and no
place finer than a 5 km square. One photo at a time is in memory.
"""

import hashlib
import zipfile
from collections.abc import Sequence
from typing import IO

from dashboard.documents import spreadsheet
from dashboard.documents.table import Table
from dashboard.office.papers import photos
from dashboard.office.papers.captures import Capture, file_name
from dashboard.office.papers.evidence import Evidence
from dashboard.office.papers.photos import PhotoError
from gateway.words.catalogue import Translations

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed time (the oldest of a ZIP): equal content, equal bytes


def write(
    out: IO[bytes],
    found: Sequence[Capture],
    rows: Table,
    words: Translations,
    *,
    public: bool = False,
    corrected: Table | None = None,
) -> None:
    """Write the ZIP. `corrected`: the chains of corrections, which are never published."""
    sums: list[str] = []
    left_out: list[str] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(name: str, data: bytes, method: int = zipfile.ZIP_DEFLATED) -> None:
            archive.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), data, method)
            sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}\n")

        add("captures.xlsx", spreadsheet.xlsx_bytes([rows]))
        add("captures.csv", spreadsheet.csv_bytes(rows))
        if corrected and corrected.rows and not public:
            add("corrections.csv", spreadsheet.csv_bytes(corrected))
        for capture in found:
            for index, photo in enumerate(capture.photos):
                try:
                    data = _data(photo, words, public=public)
                except PhotoError as error:
                    left_out.append(f"{capture.no}: {error}")
                    continue
                add(f"photos/{file_name(capture, index)}", data, zipfile.ZIP_STORED)
        add("README.txt", _readme(words, left_out, public=public))
        archive.writestr(
            zipfile.ZipInfo("SHA256SUMS", ZIP_EPOCH), "".join(sums), zipfile.ZIP_DEFLATED
        )


def _data(photo: Evidence, words: Translations, *, public: bool) -> bytes:
    """The bytes that go into the bundle. Raises PhotoError, which says why there are none."""
    data = photo.data()
    if data is None:
        raise PhotoError(words("papers.photo_lost" if photo.path else "papers.photo_awaited"))
    return photos.stripped(data) if public else data


def _readme(words: Translations, left_out: list[str], *, public: bool) -> bytes:
    lines = [words("papers.readme_public" if public else "papers.readme_office")]
    if left_out:
        lines += [words("papers.left_out"), *left_out]
    return "\r\n".join([*lines, ""]).encode("utf-8-sig")
