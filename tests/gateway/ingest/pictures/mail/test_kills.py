"""The gateway is killed while it takes mails: each picture is one event, none lost, none double."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.model import Kind
from gateway.domain.pictures.picture import PictureState
from tests.gateway.ingest.pictures.station import NORTH, SOUTH
from tests.support import pictures
from tests.support.replies.camera_mails import LAYOUTS, Shot
from tests.support.replies.dovecot import PASSWORD, USER, Dovecot
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service

pytestmark = pytest.mark.real


@pytest.fixture
def dovecot(tmp_path: Path) -> Iterator[Dovecot]:
    with Dovecot(tmp_path / "dovecot") as server:
        yield server


def settings(server: Dovecot) -> str:
    return f"""
    [[cameras]]
    device = "kita-3"
    name = "K3"
    [[cameras]]
    device = "minami"
    name = "S1"
    [[camera_mailboxes]]
    imap_host = "127.0.0.1"
    imap_port = {server.port}
    imap_security = "none"
    imap_username = "{USER}"
    imap_password = "{PASSWORD}"
    senders = ["cameras@relay.example"]
    """


class Post:
    """A gateway on a mailbox with so many mails, of five layouts in turn, a picture each."""

    def __init__(self, folder: Path, broker: Mosquitto, server: Dovecot, mails: int) -> None:
        self.mails, self.server = mails, server
        self.service = Service(folder, broker.port, NORTH, SOUTH, extra=settings(server))
        began = datetime.now() - timedelta(minutes=mails)  # noqa: DTZ005 - the cameras' local time
        layouts = list(LAYOUTS.values())
        for number in range(mails):
            name = ("K3", "S1")[number % 2]
            shot = Shot(name, began + timedelta(minutes=number))
            data = pictures.picture(width=320, height=240, shade=number)
            server.put(layouts[number % len(layouts)](shot, data))

    @property
    def folder(self) -> Path:
        """Where the gateway keeps the pictures."""
        return self.service.database.parent / "camera-pictures"

    def detections(self) -> list[str]:
        """The ids of all detections in the journal."""
        reader = self.service.reader()
        try:
            events = reader.events_before(None, 10_000)
            return [event.id for _, event in events if event.kind is Kind.DETECTION]
        finally:
            reader.close()

    def seen(self) -> int:
        """How many mails are marked."""
        return self.mails - self.server.unseen()

    def run_and_kill(self, more: int, pause_s: float) -> None:
        """Run until so many more are events, and a little longer; then kill -9."""
        wanted = min(self.mails, len(self.detections()) + more)
        self.service.start()
        wait_for(lambda: len(self.detections()) >= wanted, f"{wanted} events", 60)
        time.sleep(pause_s)
        self.service.kill()
        assert self.seen() <= len(self.detections()), "a mail was marked before its event stood"

    def finish(self) -> None:
        """Run until all is read and made anew."""
        with self.service:
            wait_for(lambda: self.server.unseen() == 0, "the mails to be read", 120)
            wait_for(lambda: self.made() == self.mails, "the pictures to be made", 120)
            wait_for(lambda: not list((self.folder / "raw").iterdir()), "what came to go", 60)

    def made(self) -> int:
        reader = self.service.reader()
        try:
            return len(reader.pictures.ids(PictureState.KEPT))
        finally:
            reader.close()


def killed(post: Post, kills: int, chance: random.Random) -> None:
    for _ in range(kills):
        more = chance.randrange(1, max(2, post.mails // kills - 2))
        post.run_and_kill(more, chance.random() / 5)
    post.finish()
    found = Counter(post.detections())
    assert (len(found), set(found.values())) == (post.mails, {1})
    assert len(list((post.folder / "kept").glob("*/*-small.jpg"))) == post.mails


def test_mails_are_taken_once_though_the_gateway_is_killed_twice(
    tmp_path: Path, mosquitto: Mosquitto, dovecot: Dovecot
) -> None:
    killed(Post(tmp_path / "g", mosquitto, dovecot, 30), 2, random.Random(22))


@pytest.mark.long
def test_500_mails_are_taken_once_though_the_gateway_is_killed_30_times(
    tmp_path: Path, mosquitto: Mosquitto, dovecot: Dovecot
) -> None:
    killed(Post(tmp_path / "g", mosquitto, dovecot, 500), 30, random.Random(2_026))
