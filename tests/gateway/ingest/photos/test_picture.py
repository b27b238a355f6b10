"""What a picture becomes: pixels only, upright, not larger than needed; and what is no picture."""

import asyncio
import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.photos import picture
from gateway.ingest.photos.checking import PictureCheck
from gateway.ingest.photos.picture import PictureFacts
from tests.support import pictures

LITTLE_BYTES = 60_000_000


def examined(
    folder: Path, data: bytes, check: PictureCheck | None = None
) -> tuple[PictureFacts, bytes]:
    """What the process says of a file, and what it wrote."""
    source, target = folder / "sent", folder / "made"
    target.unlink(missing_ok=True)
    source.write_bytes(data)
    facts = asyncio.run((check or PictureCheck()).run(source, target))
    return facts, target.read_bytes() if target.exists() else b""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_every_kind_of_phone_photo_is_made_anew_without_metadata(tmp_path: Path, kind: str) -> None:
    sent = pictures.picture(kind, 1760, 1320)
    assert pictures.SECRET in sent, "control: the sent file gives it away"
    facts, made = examined(tmp_path, sent)
    assert (facts.refusal, facts.kind, facts.width, facts.height) == (
        None,
        kind.lower(),
        1600,
        1200,
    )
    assert facts.taken == "2026-11-28T06:10:00+09:00"
    assert pictures.SECRET not in made
    assert b"Exif" not in made
    with Image.open(io.BytesIO(made)) as shown:
        assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (1600, 1200), {})


def test_a_turned_photo_stands_upright_and_its_comment_is_gone(tmp_path: Path) -> None:
    facts, made = examined(tmp_path, pictures.turned())
    assert (facts.width, facts.height) == (200, 400)
    assert pictures.SECRET not in made
    with Image.open(io.BytesIO(made)) as shown:
        top, bottom = shown.getpixel((100, 20)), shown.getpixel((100, 380))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 150 > bottom[0]


def test_a_small_photo_is_not_made_larger(tmp_path: Path) -> None:
    facts, _ = examined(tmp_path, pictures.picture("JPEG", 320, 200))
    assert (facts.width, facts.height) == (320, 200)


def test_what_hides_behind_a_photo_does_not_go_on(tmp_path: Path) -> None:
    sent = pictures.polyglot()
    assert b"<script>" in sent
    facts, made = examined(tmp_path, sent)
    assert facts.refusal is None
    assert b"script" not in made
    assert b"PK\x03\x04" not in made


NO_PICTURES = {
    "svg": (pictures.SVG, PhotoRefusal.NO_PHOTO),
    "html": (pictures.HTML, PhotoRefusal.NO_PHOTO),
    "gif": (pictures.GIF, PhotoRefusal.NO_PHOTO),
    "text": ("写真".encode(), PhotoRefusal.NO_PHOTO),
    "nothing": (b"", PhotoRefusal.NO_PHOTO),
    "tiff": (b"II*\0" + bytes(100), PhotoRefusal.NO_PHOTO),
    "only a beginning": (b"\xff\xd8\xff\xe0" + bytes(100), PhotoRefusal.DAMAGED),
    "a page behind a beginning": (b"\xff\xd8\xff\xe0" + pictures.HTML, PhotoRefusal.DAMAGED),
    "cut jpeg": (pictures.picture()[:9_000], PhotoRefusal.DAMAGED),
    "cut png": (pictures.picture("PNG")[:9_000], PhotoRefusal.DAMAGED),
    "cut webp": (pictures.picture("WEBP")[:5_000], PhotoRefusal.DAMAGED),
    "cut heic": (pictures.picture("HEIF")[:5_000], PhotoRefusal.DAMAGED),
    "lying jpeg": (pictures.liar(), PhotoRefusal.TOO_MANY_PIXELS),
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_whole_photo_is_refused_and_nothing_is_written(
    tmp_path: Path, name: str
) -> None:
    data, reason = NO_PICTURES[name]
    facts, made = examined(tmp_path, data)
    assert (facts.refusal, made) == (reason, b"")


WATCHED = """
import sys
from pathlib import Path
from gateway.ingest.photos import picture
picture.limit()
found = picture.examine(Path(sys.argv[1]), Path(sys.argv[2]))
status = Path("/proc/self/status").read_text()
print(found.refusal, status.split("VmHWM:")[1].split()[0])
"""


def watched(folder: Path, data: bytes) -> tuple[str, int]:
    """(refusal, the most memory in bytes) of a process with the limits of the real one."""
    (folder / "sent").write_bytes(data)
    command = [sys.executable, "-P", "-c", WATCHED, str(folder / "sent"), str(folder / "made")]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    refusal, kilobytes = found.stdout.split()
    return refusal, int(kilobytes) * 1024


@pytest.mark.parametrize("make", [pictures.bomb, pictures.text_bomb])
def test_a_bomb_is_refused_in_little_memory(tmp_path: Path, make: Callable[[], bytes]) -> None:
    data = make()
    assert len(data) < 500_000
    refusal, memory_bytes = watched(tmp_path, data)
    assert refusal != "None"
    assert memory_bytes < LITTLE_BYTES


@pytest.mark.long
def test_the_largest_photo_that_is_taken_stays_within_the_memory_of_the_process(
    tmp_path: Path,
) -> None:
    refusal, memory_bytes = watched(tmp_path, pictures.progressive(5600, 4200))
    assert refusal == "None"
    assert 3 * LITTLE_BYTES // 2 < memory_bytes < picture.MEMORY_BYTES, "control: it needs much"
    refusal, memory_bytes = watched(tmp_path, pictures.progressive(6000, 4200))
    assert refusal == "too_many_pixels"
    assert memory_bytes < LITTLE_BYTES


def test_a_process_that_hangs_is_ended_and_the_photo_is_refused(tmp_path: Path) -> None:
    hanging = PictureCheck((sys.executable, "-c", "import time; time.sleep(60)"), limit_s=0.3)
    began = time.monotonic()
    facts, _ = examined(tmp_path, pictures.picture(), hanging)
    assert facts.refusal is PhotoRefusal.TOO_SLOW
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "code", ["import os; os.abort()", "print('no JSON')", "raise SystemExit(3)"]
)
def test_a_process_that_breaks_costs_only_the_photo(tmp_path: Path, code: str) -> None:
    facts, _ = examined(tmp_path, pictures.picture(), PictureCheck((sys.executable, "-c", code)))
    assert facts.refusal is PhotoRefusal.DAMAGED


@pytest.mark.parametrize(
    ("ending", "reason"),
    [("SIGKILL", PhotoRefusal.TOO_MANY_PIXELS), ("SIGXCPU", PhotoRefusal.TOO_SLOW)],
)
def test_a_process_that_the_kernel_ends_is_told_as_what_it_lacked(
    tmp_path: Path, ending: str, reason: PhotoRefusal
) -> None:
    code = f"import os, signal; os.kill(os.getpid(), signal.{ending})"
    check = PictureCheck((sys.executable, "-c", code))
    assert examined(tmp_path, pictures.picture(), check)[0].refusal is reason


def test_a_photo_that_does_not_say_when_it_was_taken_is_kept_without_that(tmp_path: Path) -> None:
    out = io.BytesIO()
    bad = Image.Exif()
    bad.get_ifd(0x8769)[0x9003] = "yesterday <script>"
    Image.new("RGB", (40, 30)).save(out, "JPEG", exif=bad)
    facts, _ = examined(tmp_path, out.getvalue())
    assert (facts.refusal, facts.taken) == (None, "")


def test_the_limits_of_pixels_fit_each_kind() -> None:
    assert set(picture.MAX_PIXELS) == {"jpeg", "png", "webp", "heif"}
