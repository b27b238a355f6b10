"""Sends the picture behind an alert to whoever has been sent its text, once it is there.

Owns whom a picture is sent to (who has a duty or may see the camera), the wait for it, and the bound of what
is under way. A picture follows its text or not at all: after a restart no earlier one follows. Pictures of
people are not sent. Must not decide who is told of an alert.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from gateway.alerts.channels import ChannelOptions, Notification, UndeliveredError
from gateway.alerts.channels.pictures import PictureNote, SendPicture, sender_of
from gateway.alerts.channels.table import scheme_of
from gateway.alerts.pictures.picture_links import PictureLinks
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.domain.people.permissions import Resource, access_of
from gateway.domain.pictures.picture import Picture, PictureState
from gateway.store import DiskError, Reader, Store
from gateway.store.tables.outbox import ClaimedDelivery

log = logging.getLogger(__name__)
MOST_UNDER_WAY = 20
WAIT_S, LOOK_S = 90.0, 1.0  # for a picture that is still made
TRIES, AGAIN_S = 3, 20.0
LATEST = timedelta(minutes=15)  # an older alert is told without a picture
SEND_S = 40.0

ReadSmall = Callable[[str], bytes | None]
"""The thumbnail of a picture."""
FindSender = Callable[[str], SendPicture | None]


class Wanted(Struct, frozen=True):
    """A picture that shall follow a text."""

    person: str
    url: str
    key: str
    title: str
    device: str
    event: str


class AlertPictures:
    """The pictures that follow the alerts of one gateway."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        options: ChannelOptions,
        links: PictureLinks,
        read: ReadSmall,
        clock: Clock,
        schemes: tuple[str, ...],
    ) -> None:
        self._store, self._policy, self._options = store, policy, options
        self._links, self._read, self._clock, self._schemes = links, read, clock, schemes
        self._queue: asyncio.Queue[Wanted] = asyncio.Queue(MOST_UNDER_WAY)
        self.find_sender: FindSender = sender_of

    def follow(self, delivery: ClaimedDelivery, text: Notification) -> None:
        """A text was sent; its picture follows. Never waits; with too many under way none follows."""
        wanted = self._wanted(delivery, text)
        if wanted is not None and not self._queue.full():
            self._queue.put_nowait(wanted)

    async def run(self) -> None:
        """Send until cancelled, several at once."""
        async with asyncio.TaskGroup() as group:
            for number in range(MOST_UNDER_WAY // 4):
                group.create_task(self._work(), name=f"pictures of alerts {number}")

    async def _work(self) -> None:
        while True:
            wanted = await self._queue.get()
            try:
                await self._send(wanted)
            except (UndeliveredError, DiskError, TimeoutError) as error:
                log.info("%s got no picture: %s", wanted.person, type(error).__name__)
            except Exception:  # providers raise anything
                log.exception("%s got no picture", wanted.person)

    def _wanted(self, delivery: ClaimedDelivery, text: Notification) -> Wanted | None:
        alert, person = delivery.alert, self._policy.people.get(delivery.person)
        channel = person.channel(delivery.channel) if person else None
        is_old = self._clock() - alert.observed_at > LATEST
        if channel is None or len(delivery.alerts) > 1 or text.over or not alert.event or is_old:
            return None
        if delivery.step or not is_chosen(channel.url, self._schemes):
            return None
        device = alert.device or alert.subject
        return Wanted(delivery.person, channel.url, text.key, text.title, device, alert.event)

    async def _send(self, wanted: Wanted) -> None:
        send = self.find_sender(wanted.url)
        picture = await self._kept(wanted) if send else None
        if send is None or picture is None:
            return
        data = await asyncio.to_thread(self._read, picture.id)
        if data is None:
            return
        now, options = self._clock(), self._options
        note = PictureNote(
            wanted.key,
            wanted.title,
            data,
            self._links.url(picture.id, now),
            self._links.path(picture.id, now),
        )
        await _tried(send, wanted, _for(options, wanted.person), note)

    async def _kept(self, wanted: Wanted) -> Picture | None:
        """The first picture of the event that this person may see; waits for it a while."""
        for _ in range(int(WAIT_S / LOOK_S)):
            found, is_pending = await self._store.read(lambda reader: self._look(reader, wanted))
            if found is not None or not is_pending:
                return found
            await asyncio.sleep(LOOK_S)
        return None

    def _look(self, reader: Reader, wanted: Wanted) -> tuple[Picture | None, bool]:
        """(the picture, whether one is still made)."""
        known, device = (
            reader.pictures.of_event(wanted.device, wanted.event),
            reader.device(wanted.device),
        )
        person = self._policy.people.get(wanted.person)
        if not known or device is None or person is None:
            return None, False
        access = access_of(person, on_duty=True)
        has_duty = bool(person.duties)  # who is told with the name of the camera
        may_see = has_duty or access.sees_exactly(Resource.PICTURES, device[0])
        shown = [one.picture for one in known if not one.has_people]
        kept = [one for one in shown if one.state is PictureState.KEPT]
        waits = any(one.state is PictureState.WAITING for one in shown)
        return (kept[0], False) if kept and may_see else (None, waits and may_see)


def is_chosen(url: str, schemes: tuple[str, ...]) -> bool:
    """Whether pictures go by this channel; `*`: by every channel that shows one, but by LINE."""
    scheme = scheme_of(url)
    return scheme in schemes or ("*" in schemes and scheme != "line")


async def _tried(
    send: SendPicture, wanted: Wanted, options: ChannelOptions, note: PictureNote
) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            async with asyncio.timeout(SEND_S):
                await send(wanted.url, options, note)
        except (UndeliveredError, TimeoutError) as error:
            if attempt == TRIES or getattr(error, "permanent", False):
                raise
            await asyncio.sleep(AGAIN_S)
        else:
            return


def _for(options: ChannelOptions, person: str) -> ChannelOptions:
    return replace(options, recipient=person)
