"""A picture follows the text of its alert, is waited for, and never delays or replaces a text."""

import asyncio
import base64
import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.alerts.channels import ChannelOptions, UndeliveredError
from gateway.alerts.channels.pictures import PictureNote, by_apprise, by_line, sender_of
from gateway.alerts.links import Links
from gateway.alerts.notifier import Notifier
from gateway.alerts.pictures import sending
from gateway.alerts.pictures.picture_links import PATH, PictureLinks
from gateway.alerts.pictures.sending import AlertPictures, is_chosen
from gateway.domain.geo.areas import Land, parse
from gateway.domain.model import Device, Kind, Role
from gateway.domain.pictures.picture import Picture, PictureSource, PictureState
from gateway.store import Transaction
from gateway.store.feed import Feed
from tests.gateway.alerts.channels.provider import OK, providing
from tests.gateway.alerts.post import Post
from tests.gateway.alerts.site import PEOPLE, Site
from tests.support import pictures
from tests.support.pace import Deadline
from tests.support.samples import T0, TRAP

GATE = Device(id="cam-01", role=Role.DETECTOR, lat=32.69, lon=128.84, heartbeat_s=3600)
SQUARE = (
    b'{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":'
    b"[[[128.8,32.6],[128.9,32.6],[128.9,32.7],[128.8,32.7],[128.8,32.6]]]}}"
)
TOWN = parse(Land(name="町", living=True), SQUARE)
DATA = pictures.picture(width=200, height=160)
LINKS = PictureLinks(lambda: ("secret",), "https://wall.example")


class Watch:
    """A site with a living area and a notifier whose texts a picture follows."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        people = [PEOPLE[0] | {"channels": ["json://127.0.0.1:1/"]}]
        self.site = Site(folder, {"people": people} | settings, (TRAP, GATE), (TOWN,))
        self.post, self.sent = Post(), list[PictureNote]()
        self.failures: list[Exception] = []
        options = ChannelOptions(timeout_s=3.0)
        self.pictures = AlertPictures(
            self.site.store, self.site.policy, options, LINKS, lambda _: DATA, self._now, ("*",)
        )
        self.pictures.find_sender = lambda _: self._send
        self.notifier = Notifier(
            self.site.store,
            Feed(),
            self.site.policy,
            self.post.ways(self.site),
            Links("secret", "https://wall.example"),
            self._now,
        )
        self.notifier.let_follow(self.pictures.follow)

    def _now(self) -> Any:
        return self.site.now

    async def _send(self, url: str, options: ChannelOptions, note: PictureNote) -> str:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(note)
        return "ok"

    def bear(self, **facts: Any) -> str:
        """A bear in the town; gives the id of its event."""
        outcome = self.site.hear("cam-01", Kind.DETECTION, 0, species="bear", **facts)
        [event] = outcome.events
        return event.id

    def picture(self, event: str, state: PictureState = PictureState.KEPT) -> Picture:
        made = Picture(
            id=f"p-{event}"[:32],
            device="cam-01",
            event=event,
            sent_sha256="0",
            sent_bytes=1,
            source=PictureSource.TOPIC,
            at=T0,
            received_at=T0,
            state=state,
        )
        self.site.store.write_now(lambda tx: _put(tx, made))
        return made

    def run(self, until: Any, seconds: float = 15.0) -> None:
        """Deliver what is due, then let pictures follow until something holds."""

        async def scenario() -> None:
            await self.notifier.deliver_due()
            task, deadline = asyncio.create_task(self.pictures.run()), Deadline(seconds)
            while not until():
                assert not task.done(), task.exception()
                assert not deadline.has_passed()
                await asyncio.sleep(0.01)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        asyncio.run(scenario())

    def settled(self) -> None:
        """Deliver and let the pictures come to rest."""
        rest = iter(range(100))
        self.run(lambda: next(rest) > 60)


def _put(tx: Transaction, picture: Picture) -> None:
    if not tx.pictures.add(picture):
        tx.pictures.put(picture, 1)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    made = Watch(tmp_path)
    yield made
    made.site.store.close()


def test_the_picture_of_an_alert_follows_its_text(watch: Watch) -> None:
    watch.picture(watch.bear())
    watch.run(lambda: watch.sent)
    [(_, text)], [note] = watch.post.letters, watch.sent
    assert (note.key, note.title, note.data) == (text.key, text.title, DATA)
    assert note.link.startswith("https://wall.example/see/")


def test_a_picture_that_is_still_made_is_waited_for_and_the_text_is_not(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "LOOK_S", 0.05)
    made = watch.picture(watch.bear(), PictureState.WAITING)
    seen: list[int] = []

    def is_sent() -> bool:
        seen.append(len(watch.post.letters))
        if len(seen) == 20:
            kept = replace(made, state=PictureState.KEPT)
            watch.site.store.write_now(lambda tx: tx.pictures.put(kept, 1))
        return bool(watch.sent)

    watch.run(is_sent)
    assert seen[0] == 1, "the text was there before"


def test_a_channel_that_refuses_the_picture_is_asked_again_and_gets_the_text_once(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "AGAIN_S", 0.01)
    watch.failures = [UndeliveredError("500"), TimeoutError()]
    watch.picture(watch.bear())
    watch.run(lambda: watch.sent)
    assert len(watch.post.letters) == 1


def test_pictures_of_people_and_of_old_events_are_not_sent(watch: Watch) -> None:
    event = watch.bear()
    watch.picture(event)
    watch.site.store.write_now(lambda tx: tx.pictures.set_people("cam-01", event))
    watch.settled()
    assert (len(watch.post.letters), watch.sent) == (1, [])


def test_an_alert_that_is_told_late_has_no_picture(watch: Watch) -> None:
    watch.picture(watch.bear())
    watch.site.minutes = 30
    watch.settled()
    assert (len(watch.post.letters), watch.sent) == (1, [])


def test_with_many_under_way_none_waits(watch: Watch) -> None:
    watch.picture(watch.bear())
    for _ in range(sending.MOST_UNDER_WAY):
        watch.pictures._queue.put_nowait(
            sending.Wanted("nobody", "json://x", "k", "t", "cam-01", "none")
        )
    asyncio.run(watch.notifier.deliver_due())
    assert len(watch.post.letters) == 1


@pytest.mark.parametrize(
    ("url", "schemes", "chosen"),
    [
        ("ntfy://x/y", ("*",), True),
        ("line:t@U1", ("*",), False),
        ("line:t@U1", ("line",), True),
        ("ntfy://x/y", ("mailto",), False),
        ("ntfy://x/y", (), False),
    ],
)
def test_line_gets_pictures_only_where_it_is_named(
    url: str, schemes: tuple[str, ...], chosen: bool
) -> None:
    assert is_chosen(url, schemes) is chosen


@pytest.mark.parametrize(
    "url", ["console:", "mqtt:", "meshtastic:!1?from=!2", "webhook:a@https://x"]
)
def test_channels_that_show_no_picture_are_not_asked(url: str) -> None:
    assert sender_of(url) is None


def note(link: str = "https://wall.example/see/x") -> PictureNote:
    return PictureNote("key-1", "クマ", DATA, link, "/see/x")


def test_an_attachment_goes_to_what_takes_one() -> None:
    with providing(lambda _: OK) as provider:
        url = f"json://127.0.0.1:{provider.port}/"
        assert asyncio.run(by_apprise(url, ChannelOptions(), note())) == "accepted"
        [call] = provider.calls
    [attached] = call.json["attachments"]
    assert base64.b64decode(attached["base64"]) == DATA
    assert asyncio.run(by_apprise("nonsense://x", ChannelOptions(), note())) == "no attachments"


def test_line_is_given_links_and_only_with_a_public_address() -> None:
    url = f"line:token@U{'0' * 32}"
    with providing(lambda _: OK) as provider:
        options = ChannelOptions(line_url=provider.url)
        assert asyncio.run(by_line(url, options, note(""))) == "no public address"
        assert provider.calls == []
        asyncio.run(by_line(url, options, note()))
        asyncio.run(by_line(url, options, note()))
        first, again = provider.calls
    [image] = first.json["messages"]
    assert image["type"] == "image"
    assert image["previewImageUrl"] == "https://wall.example/see/x"
    assert first.headers["X-Line-Retry-Key"] == again.headers["X-Line-Retry-Key"]


def test_a_link_ends_and_cannot_be_made_by_others() -> None:
    path = LINKS.path("p1", T0)
    token = path.removeprefix(PATH)
    assert LINKS.read(token, T0) == "p1"
    assert LINKS.read(token, T0 + timedelta(days=4)) is None
    assert LINKS.read(f"{token}x", T0) is None
    assert PictureLinks(lambda: ("other",)).read(token, T0) is None
    assert LINKS.url("p1", T0).startswith("https://wall.example/see/")
