"""Options that several commands share, and what they mean."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gateway import app as service
from gateway.config import Config, load
from gateway.ingest.devices.approval import Approvals
from gateway.ingest.messages.decoding import Sources
from gateway.store import Store

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="設定ファイル (TOML) / configuration file",
        envvar="SHISHIGAKI_CONFIG",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="プログラム向けに JSON で / print JSON")]
FarOk = Annotated[
    bool,
    typer.Option(
        "--far-ok",
        help="ほかから遠い場所も正しい / places far from the others are right",
    ),
]
LanguageOption = Annotated[str, typer.Option("--lang", help="ja, en", envvar="SHISHIGAKI_LANG")]


def desk(config: Config) -> Approvals:
    """The installer's desk, as the running gateway has it."""
    sources = Sources(config.sources, config.site.name, config.models)
    return Approvals(sources.decode, sources.models, service.policy(config))


def open_store(config: Config) -> Store:
    """The configured store, for a command's own use."""
    return Store(Path(config.store.path), ZoneInfo(config.site.timezone))


__all__ = [
    "AsJson",
    "Config",
    "ConfigFile",
    "FarOk",
    "LanguageOption",
    "desk",
    "load",
    "open_store",
]
