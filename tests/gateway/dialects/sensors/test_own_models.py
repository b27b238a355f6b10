"""An operator's sensor model: a few lines of configuration, no code."""

from pathlib import Path

import pytest

from gateway.config import ConfigError, load
from gateway.domain.model import Kind
from gateway.ingest.messages.decoding import Sources
from tests.gateway.dialects.fixtures import UP, chirpstack, message

ACME = """
[[sources]]
dialect = "chirpstack"
[models.acme-gate]
title = "Acme gate sensor"
what = "gate"
[models.acme-gate.fields]
gate = "contact"
cell = "battery_mv"
mode = { learn = "join" }
"""


def _load(tmp_path: Path, text: str) -> Sources:
    path = tmp_path / "shishigaki.toml"
    path.write_text(text, encoding="utf-8")
    config = load(path, {})
    return Sources(config.sources, config.site.name, config.models)


def test_a_model_of_the_configuration_is_read_like_a_shipped_one(tmp_path: Path) -> None:
    sources = _load(tmp_path, ACME)
    received = message(UP, chirpstack({"gate": "open", "cell": 3300}))
    (reading,) = sources.decode(received, {})
    assert (reading.kind, reading.model, reading.battery_v) == (Kind.SPRUNG, "acme-gate", 3.3)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            ACME.replace('"contact"', '"gate"'),
            "models.acme-gate.fields.gate = 'gate': one of contact",
        ),
        (ACME.replace("what =", "whatt ="), "whatt: unknown key (did you mean what?)"),
        (ACME.replace('"Acme gate sensor"', "5"), "title"),
    ],
)
def test_a_broken_row_is_named_before_anything_connects(
    tmp_path: Path, text: str, shown: str
) -> None:
    with pytest.raises(ConfigError) as error:
        _load(tmp_path, text)
    assert shown in str(error.value)
