"""Every published payload of the shared samples means what its manifest says."""

import csv
from datetime import UTC, datetime

import pytest

from gateway.dialects import Context
from gateway.dialects.table import BY_NAME
from gateway.domain.model import Message, MessageRefusedError, RefusalReason
from tests.gateway.dialects.samples import EXPECTED, SAMPLES

NOW = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)


def _rows() -> dict[str, dict[str, str]]:
    if not (SAMPLES / "manifest.tsv").exists():
        return {}
    with (SAMPLES / "manifest.tsv").open(encoding="utf-8", newline="") as lines:
        return {row["file"]: row for row in csv.DictReader(lines, delimiter="\t")}


ROWS = _rows()

needs_samples = pytest.mark.skipif(not ROWS, reason="../shared/samples is not there")


@needs_samples
def test_every_sample_is_expected_to_mean_something() -> None:
    assert set(ROWS) == set(EXPECTED)


@needs_samples
@pytest.mark.parametrize("file", sorted(EXPECTED))
def test_a_sample_means_what_the_manifest_says(file: str) -> None:
    row, (expected, facts) = ROWS[file], EXPECTED[file]
    name = {"malformed": "tts"}.get(row["dialect"], row["dialect"])
    message = Message(topic=row["topic"], payload=(SAMPLES / file).read_bytes(), received_at=NOW)
    if isinstance(expected, RefusalReason):
        with pytest.raises(MessageRefusedError) as refused:
            BY_NAME[name].decode(message, Context(assume=True))
        assert refused.value.reason is expected
        return
    readings = BY_NAME[name].decode(message, Context(assume=True))
    assert tuple(reading.kind for reading in readings) == expected
    assert {key: getattr(readings[0], key) for key in facts} == facts
