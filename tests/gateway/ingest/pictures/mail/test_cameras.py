"""Whose mail it is: allow lists, names, and the verdict of the own mail server."""

import pytest

from gateway.config.media.pictures import Camera, PictureMailbox
from gateway.domain.model import MessageRefusedError, RefusalReason
from gateway.domain.pictures.makes import MailFacts
from gateway.ingest.pictures.mail.cameras import is_verified, whose
from gateway.ingest.pictures.requests import MailContent

BOX = PictureMailbox(imap_host="mail.example", senders=("*@relay.example",))
CHECKED = PictureMailbox(
    imap_host="mail.example", senders=("*@relay.example",), checked_by="mx.town.example"
)
NORTH = Camera(device="kita-3", name="北の沢 ３")
SOUTH = Camera(device="minami", name="S1")
ALONE = Camera(device="oku", senders=("oku@sim.example",))
CAMERAS = (NORTH, SOUTH, ALONE)
GOOD = "mx.town.example; spf=fail smtp.mailfrom=a@other.example; dkim=pass header.d=relay.example"


def content(sender: str, name: str = "", *verdicts: str) -> MailContent:
    return MailContent(senders=(sender,), verdicts=verdicts, facts=MailFacts(name=name))


@pytest.mark.parametrize("name", ["北の沢 3", "北の沢３", "kita-3", "KITA-3"])
def test_a_camera_is_known_by_its_name_or_address_however_it_is_written(name: str) -> None:
    assert whose(content("x@relay.example", name), BOX, CAMERAS) is NORTH


def test_a_camera_without_a_name_is_known_by_its_sender() -> None:
    assert whose(content("oku@sim.example", "anything"), BOX, CAMERAS) is ALONE


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (content("x@evil.example", "S1"), RefusalReason.SENDER),
        (content("relay.example@evil.example", "S1"), RefusalReason.SENDER),
        (content("x@sub.relay.example", "S1"), RefusalReason.SENDER),
        (content("oku@relay.example.evil", "S1"), RefusalReason.SENDER),
        (MailContent(senders=("x@relay.example", "y@evil.example")), RefusalReason.SENDER),
        (MailContent(), RefusalReason.SENDER),
        (content("x@relay.example", "S2"), RefusalReason.CAMERA),
        (content("x@relay.example"), RefusalReason.CAMERA),
    ],
)
def test_foreign_senders_and_unknown_cameras_are_refused(
    said: MailContent, reason: RefusalReason
) -> None:
    with pytest.raises(MessageRefusedError) as refused:
        whose(said, BOX, CAMERAS)
    assert refused.value.reason is reason


def test_where_the_own_server_checks_senders_only_its_newest_verdict_counts() -> None:
    assert whose(content("x@relay.example", "S1", GOOD), CHECKED, CAMERAS) is SOUTH
    for verdicts in (
        (),
        ("mx.town.example; dkim=none", GOOD),  # the second one was written by the sender
        ("mx.evil.example; dkim=pass header.d=relay.example",),
        ("mx.town.example.evil; dkim=pass header.d=relay.example",),
    ):
        with pytest.raises(MessageRefusedError):
            whose(content("x@relay.example", "S1", *verdicts), CHECKED, CAMERAS)


@pytest.mark.parametrize(
    ("verdict", "is_good"),
    [
        ("mx; dmarc=pass (p=none) header.from=relay.example", True),
        ("mx; spf=pass smtp.mailfrom=camera@relay.example", True),
        ("mx 1; dkim=pass header.i=@relay.example header.s=x", True),
        ("mx; dkim=pass header.d=evil-relay.example", False),
        ("mx; dkim=pass header.d=relay.example.evil.example", False),
        ("mx; spf=pass smtp.mailfrom=relay.example@evil.example", False),
        ("mx; dkim=fail header.d=relay.example; spf=pass smtp.mailfrom=x@evil.example", False),
        ("mx; dmarc=fail header.from=relay.example", False),
    ],
)
def test_a_verdict_must_be_about_the_domain_of_the_sender(verdict: str, is_good: bool) -> None:
    assert is_verified("x@relay.example", (verdict,), "mx") is is_good
