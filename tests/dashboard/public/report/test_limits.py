"""Spam is throttled by its source; a flood makes phones calculate; the counters recognise nobody."""

from datetime import timedelta
from hashlib import sha256
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.public.report.arriving import RESIDENT
from gateway import app as service
from gateway.domain.traps.photo import Photo
from gateway.ingest.photos import keeping
from gateway.ingest.reports.admission import HARD, Admission, Verdict
from gateway.ingest.reports.work import MOST_USED, VALID, Work, leading_zero_bits
from tests.dashboard.client import Client
from tests.dashboard.place import NOW
from tests.dashboard.public.report.sending import new, send
from tests.dashboard.public.report.test_form import stored
from tests.support import pictures

PER_SOURCE, FLOOD = 6, 60


def solved(task: str, bits: int) -> str:
    """What a phone calculates."""
    for n in count():
        proof = f"{task}:{n}"
        if leading_zero_bits(sha256(proof.encode()).digest()) >= bits:
            return proof
    raise AssertionError


def test_a_report_that_is_stored_already_brings_no_more_photos(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    one = new()
    assert send(readers["anybody"], one, source="198.51.100.31").status_code == 200
    before = len(gateway.store.read_now(lambda reader: reader.photos.all()))
    for shade in (71, 72):
        again = send(readers["anybody"], one, pictures.picture(shade=shade), source="198.51.100.31")
        assert again.json()["result"] == "repeated"
    assert len(gateway.store.read_now(lambda reader: reader.photos.all())) == before


def test_photos_of_reports_that_never_came_do_not_close_the_way_for_others(
    gateway: service.Gateway, readers: dict[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_UNNAMED", 3)
    for number, hours in enumerate((7, 7, 7)):
        lost = Photo(
            sent_sha256=f"{number:064x}",
            kept_sha256=f"{number:064x}",
            sent_bytes=1,
            kept_bytes=1,
            width=1,
            height=1,
            by=RESIDENT,
            received_at=NOW - timedelta(hours=hours),
        )
        gateway.store.write_now(lambda tx, lost=lost: tx.photos.add(lost))  # type: ignore[misc]
    one = send(readers["anybody"], new(), pictures.picture(shade=75), source="198.51.100.35")
    assert one.json()["result"] == "recorded"
    assert [len(report.photos) for report in stored(gateway)][-1] == 1


def test_of_200_posts_of_one_source_six_are_taken_and_none_of_their_photos_is_kept(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    photos = len(gateway.store.read_now(lambda reader: reader.photos.all()))
    picture = pictures.picture(shade=61)
    answers = [
        send(
            readers["anybody"],
            new(lat=f"{32.0 + n / 100:.2f}"),
            *([picture] if n > 195 else []),
            source="203.0.113.7",
        )
        for n in range(200)
    ]
    assert [one.status_code for one in answers] == [200] * PER_SOURCE + [429] * (200 - PER_SOURCE)
    assert {one.json()["result"] for one in answers[PER_SOURCE:]} == {"work"}
    assert len(stored(gateway)) == PER_SOURCE
    assert len(gateway.store.read_now(lambda reader: reader.photos.all())) == photos
    assert send(readers["anybody"], new(), source="198.51.100.9").status_code == 200, (
        "others report"
    )


def test_a_whole_ipv6_network_is_one_source(readers: dict[str, Client]) -> None:
    codes = [
        send(readers["anybody"], new(lat=f"33.{n:02}"), source=f"2001:db8::{n:x}").status_code
        for n in range(1, 9)
    ]
    assert codes == [200] * PER_SOURCE + [429] * 2


def test_a_phone_that_calculates_is_taken_once_with_each_solution(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    client = readers["anybody"]
    for n in range(PER_SOURCE):
        send(client, new(lat=f"34.{n:02}"), source="203.0.113.8")
    asked = send(client, new(), source="203.0.113.8").json()
    proof = solved(asked["task"], asked["bits"])
    assert send(client, new(proof=proof), source="203.0.113.8").status_code == 200
    assert send(client, new(proof=proof), source="203.0.113.8").status_code == 429, "used"
    assert send(client, new(proof=f"{asked['task']}:1x"), source="203.0.113.8").status_code == 429
    assert len(stored(gateway)) == PER_SOURCE + 1


def test_a_flood_from_everywhere_makes_every_phone_calculate() -> None:
    admission = Admission(PER_SOURCE, FLOOD, 4)
    verdicts = [admission.ask(f"10.0.{n}.1", NOW) for n in range(FLOOD + 1)]
    assert verdicts == [Verdict.FREE] * FLOOD + [Verdict.WORK]
    proof = solved(admission.work.task(NOW), 4)
    assert admission.ask("10.9.9.9", NOW, proof) is Verdict.FREE
    assert admission.ask("10.9.9.9", NOW + timedelta(hours=1)) is Verdict.FREE, "the next hour"


def test_calculating_does_not_help_without_end() -> None:
    admission = Admission(PER_SOURCE, FLOOD, 1)
    verdicts = [
        admission.ask("203.0.113.9", NOW, solved(admission.work.task(NOW), 1)) for _ in range(40)
    ]
    assert verdicts.count(Verdict.FREE) == HARD * PER_SOURCE
    assert verdicts[-1] is Verdict.WAIT


def test_the_counters_keep_no_address_and_stay_small() -> None:
    admission = Admission(PER_SOURCE, 10**6, 4)
    for n in range(20_000):
        admission.ask(f"2001:db8:{n:x}::", NOW)
    assert len(admission) <= 4_096
    assert "2001:db8" not in repr(vars(admission))
    before = admission._salt
    admission.ask("10.0.0.1", NOW + timedelta(hours=1))
    assert admission._salt != before
    assert len(admission) == 1


def test_a_task_is_ours_unchanged_in_time_and_used_once() -> None:
    work, other = Work(4), Work(4)
    task = work.task(NOW)
    proof = solved(task, 4)
    assert not other.is_done(proof, NOW)
    assert not work.is_done(proof, NOW + VALID + timedelta(seconds=2))
    assert work.is_done(proof, NOW)
    assert not work.is_done(proof, NOW)
    work._used = {str(n): 2**40 for n in range(MOST_USED)}
    assert not work.is_done(solved(work.task(NOW), 4), NOW), "memory has a bound"


@given(st.text(max_size=120))
def test_no_text_is_a_solution(text: str) -> None:
    assert not Work(0).is_done(text, NOW)


@pytest.mark.parametrize("bits", [1, 8])
def test_control_a_solution_is_found_by_calculating(bits: int) -> None:
    work = Work(bits)
    assert work.is_done(solved(work.task(NOW), bits), NOW)
