"""Whose link opens the one-tap page, and for how long."""

import contextlib
import string
from datetime import timedelta
from hashlib import sha256
from urllib.parse import quote

import pytest
from itsdangerous import BadSignature, URLSafeSerializer

from gateway.alerts.links import BadTicketError, Links
from tests.dashboard.trapper.links import LINKS, acts_of, link
from tests.gateway.alerts.site import Site, at
from tests.support.asgi import Phone


def test_a_link_expires(site: Site, phone: Phone) -> None:
    address = link(site)
    site.minutes += timedelta(days=3, minutes=1) / timedelta(minutes=1)
    assert phone.get(address).status_code == 410
    assert phone.post(address, data={"do": "acknowledge"}).status_code == 410


def test_a_link_of_a_removed_person_is_refused(site: Site, phone: Phone) -> None:
    assert phone.get(link(site, "yamada")).status_code == 404


def test_a_forged_or_shortened_link_is_refused(site: Site, phone: Phone) -> None:
    token = LINKS.token("a", "tanaka", site.now)
    for broken in (token[:-1], token[1:], "x", Links("other").token("a", "tanaka", site.now)):
        with pytest.raises(BadTicketError):
            LINKS.read(broken)
        assert phone.get(f"/a/{broken}").status_code == 404


def respelled(token: str) -> list[str]:
    """The same bytes in other spellings of base64."""
    notifications = string.ascii_letters + string.digits + "-_"
    tails = [
        token[:-1] + notification for notification in notifications if notification != token[-1]
    ]
    body, dot, mark = token.rpartition(".")
    foreign = [body + dot + mark[:9] + sign + mark[9:] for sign in "!*\n =~"]
    return [*tails, *foreign, token + "=", token + "AAAA", f"{token} "]


def test_a_token_has_one_spelling(site: Site, phone: Phone) -> None:
    token = link(site).removeprefix("https://wall.example/a/")
    for other in respelled(token):
        with pytest.raises(BadTicketError):
            LINKS.read(other)
    for other in respelled(token)[:40]:
        assert phone.post(f"/a/{quote(other)}", data={"do": "captured"}).status_code == 404
    assert acts_of(site) == []
    assert LINKS.read(token).person == "tanaka"


def test_control_the_signature_alone_lets_other_spellings_pass() -> None:
    token = LINKS.token("a", "tanaka", at(0))
    signer = URLSafeSerializer("s" * 32, salt="one-tap", signer_kwargs={"digest_method": sha256})
    passed = 0
    for other in respelled(token):
        with contextlib.suppress(BadSignature):
            passed += signer.loads(other) == signer.loads(token)
    assert passed > 3


def test_without_a_public_address_messages_carry_no_link() -> None:
    assert Links("secret").url("a", "tanaka", at(0)) == ""
