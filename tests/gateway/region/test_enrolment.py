"""What a town needs as one text: it comes back whole, fits a QR code, and nothing else is taken for one."""

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from gateway.region.enrolment import (
    HEAD,
    Enrolment,
    EnrolmentError,
    decode_enrolment,
    encode_enrolment,
)

TOWN = Enrolment("iki", "https://uplink.example.jp", b"c" * 400, b"k" * 138, bytes(range(256)) * 2)


@given(st.binary(max_size=500), st.binary(max_size=200))
def test_an_enrolment_comes_back_whole_however_its_lines_were_broken(
    cert: bytes, key: bytes
) -> None:
    told = Enrolment("iki", "https://uplink.example.jp:8443/region", cert, key, b"ca")
    text = encode_enrolment(told)
    broken = "\r\n ".join(text[at : at + 40] for at in range(0, len(text), 40)).lower()
    assert decode_enrolment(broken) == told


def test_an_enrolment_fits_a_qr_code_of_capitals_and_digits() -> None:
    code = segno.make_qr(encode_enrolment(TOWN), error="l")
    assert code.mode == "alphanumeric"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.jp",
        HEAD,
        encode_enrolment(TOWN)[:-20],
        HEAD + "AAAA",
        HEAD + "A" * 9_000,
        HEAD + "!" * 16,
        encode_enrolment(Enrolment("Not a town", "https://x", b"", b"", b"")),
        encode_enrolment(Enrolment("iki", "http://plain.example.jp", b"", b"", b"")),
    ],
)
def test_what_is_no_whole_enrolment_is_refused_in_words(text: str) -> None:
    with pytest.raises(EnrolmentError, match="enrolment"):
        decode_enrolment(text)
