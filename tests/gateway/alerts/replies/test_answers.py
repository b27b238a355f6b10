"""One digit or word is an answer, in whatever width it is typed; a ticket is ours or it is none."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.replies import IncomingReply, answers, radio, reply_mail, tickets
from gateway.alerts.replies.answers import Answer
from gateway.alerts.replies.tickets import FoundTicket, Tickets
from gateway.domain.model import ActionKind

OURS = Tickets(lambda: ("secret",))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("1", Answer(None)),
        ("１", Answer(None)),
        ("向かっています。", Answer(None)),
        ("OK", Answer(None)),
        ("1 30", Answer(None, minutes="30")),
        ("２", Answer(ActionKind.CAPTURED, "unknown", 1)),
        ("捕獲", Answer(ActionKind.CAPTURED, "unknown", 1)),
        ("2 イノシシ ２", Answer(ActionKind.CAPTURED, "boar", 2)),
        ("2、deer", Answer(ActionKind.CAPTURED, "deer", 1)),
        ("空はじき", Answer(ActionKind.FALSE_SPRING)),
        (" 4 ", Answer(ActionKind.NON_TARGET, "unknown", 1)),
        ("見回り", Answer(ActionKind.VISITED)),
    ],
)
def test_a_digit_or_word_is_an_answer(text: str, answer: Answer) -> None:
    assert answers.read(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "6",
        "12",
        "2 51",
        "2 0",
        "2 ドラゴン",
        "3 boar",
        "1 soon",
        "ありがとう",
        "２２",
        "１ ３０ 1",
    ],
)
def test_what_says_more_or_something_else_is_none(text: str) -> None:
    assert answers.read(text) is None


def test_every_word_of_the_table_stands_for_one_answer() -> None:
    words = [word for row in answers.ANSWERS for word in (row.digit, *row.words)]
    assert len(words) == len(set(words))


@given(st.text(max_size=80))
def test_any_text_is_an_answer_or_none(text: str) -> None:
    assert isinstance(answers.read(text), Answer | None)
    assert all(found.no >= 0 for found in tickets.find(text))
    assert all(no >= 0 for no in tickets.find_numbers(text))


@given(st.integers(0, 1 << 58), st.text(max_size=20), st.sampled_from(["", "1", "2"]))
def test_a_ticket_is_found_in_any_width_and_case_and_is_ours(
    no: int, person: str, said: str
) -> None:
    spelled = OURS.spell(no, person, said)
    wide = spelled.translate({ord(c): ord(c) + 0xFEE0 for c in spelled})
    for text in (f"Re: x [{spelled}]", spelled.lower(), wide):
        [found] = tickets.find(text)
        assert found.no == no
        assert OURS.is_ours(found, person, said)


def test_a_ticket_of_another_secret_number_person_or_answer_is_not_ours() -> None:
    [good] = tickets.find(OURS.spell(7, "tanaka", "2"))
    assert not OURS.is_ours(good, "sato", "2")
    assert not OURS.is_ours(good, "tanaka", "3")
    assert not OURS.is_ours(FoundTicket(8, good.signature), "tanaka", "2")
    assert not OURS.is_ours(FoundTicket(7, good.signature[:8]), "tanaka", "2")
    assert not Tickets(lambda: ("other",)).is_ours(good, "tanaka", "2")
    assert Tickets(lambda: ("secret", "newer")).is_ours(good, "tanaka", "2"), "until it ends"


def mail(body: str, subject: str = "Re: わなが作動", **heads: str) -> bytes:
    made = EmailMessage()
    made["From"] = heads.pop("sender", "田中 <Tanaka@Field.example>")
    made["Subject"] = subject
    for name, value in heads.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return made.as_bytes()


@pytest.mark.parametrize(
    "body",
    [
        "2\n\n> 返信: 1 向かう [22-ABCDEFGH]\n",
        "\n  2  \n\n2026年11月29日(日) 10:00 wall <wall@mail.example>:\n> 1 向かう\n",
        "2\n--------\nわなが作動",
        "2\nOn Sun, 29 Nov 2026, wall wrote:\n> x",
    ],
)
def test_the_first_line_that_a_person_wrote_is_the_answer(body: str) -> None:
    reply = reply_mail.read(mail(body))
    assert reply is not None
    assert (reply.sender, reply.text) == ("tanaka@field.example", "2")


def test_a_reply_in_html_is_read_too() -> None:
    made = EmailMessage()
    made["From"] = "tanaka@field.example"
    made.set_content(
        "<html><body><div>捕獲</div><blockquote>1 向かう</blockquote></body>", subtype="html"
    )
    reply = reply_mail.read(made.as_bytes())
    assert reply is not None
    assert reply.text == "捕獲"


@pytest.mark.parametrize(
    "heads",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"sender": "a@x.example, b@x.example"},
        {"sender": "nobody"},
    ],
)
def test_what_no_single_person_wrote_is_no_reply(heads: dict[str, str]) -> None:
    assert reply_mail.read(mail("2", **heads)) is None


def test_only_a_quotation_is_no_answer() -> None:
    reply = reply_mail.read(mail("> 2\n> 3"))
    assert reply is not None
    assert reply.text == ""


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"From: a@b\r\n", b"Content-Type: text/plain; charset=x\r\n"]),
)
def test_any_bytes_are_a_reply_or_none(raw: bytes, head: bytes) -> None:
    assert isinstance(reply_mail.read(head + raw), IncomingReply | None)
    assert isinstance(radio.read(raw), IncomingReply | None)


def test_a_text_of_the_radio_is_a_reply_and_other_packets_are_not() -> None:
    text = radio.read(b'{"from": 48879, "id": 7, "type": "text", "payload": {"text": "2"}}')
    assert text is not None
    assert (text.sender, text.text, text.place) == ("!0000beef", "2", "7")
    for other in (
        b'{"from": 48879, "type": "position", "payload": {"text": "2"}}',
        b'{"from": -1, "type": "text", "payload": {"text": "2"}}',
        b'{"from": "x", "type": "text", "payload": {"text": "2"}}',
        b'{"from": 48879, "type": "text", "payload": {"text": 2}}',
        b" " * 5_000,
    ):
        assert radio.read(other) is None
