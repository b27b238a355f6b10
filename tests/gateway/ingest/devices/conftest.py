"""Commands on devices, for tests of lists."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app as cli


@pytest.fixture
def devices(tmp_path: Path) -> Callable[..., Result]:
    """`shishigaki devices ...` on a database of its own."""
    config = tmp_path / "c.toml"
    config.write_text(f'[store]\npath = "{tmp_path / "s.db"}"\n')

    def run(*words: object) -> Result:
        return CliRunner().invoke(cli, ["devices", *map(str, words), "-c", str(config)])

    return run
