"""Options and small steps that several commands share. Must not contain a command."""

import sys
from collections.abc import Callable
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints
from zoneinfo import ZoneInfo

import typer
from msgspec import Struct
from msgspec.structs import fields

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


def takes(options: type[Struct]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a command of one argument: the fields of `options` become its command line options."""
    kinds = get_type_hints(options, include_extras=True)
    parameters = [
        Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if field.required else field.default,
            annotation=kinds[field.name],
        )
        for field in fields(options)
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(**values: Any) -> None:
            command(options(**values))

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = dict(kinds)
        return run

    return decorate


def alone(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a group's own command, made by `takes`: it runs if none of the group's commands is named."""

    def run(ctx: typer.Context, **values: Any) -> None:
        if ctx.invoked_subcommand is None:
            command(**values)

    context = Parameter("ctx", Parameter.KEYWORD_ONLY, annotation=typer.Context)
    given = signature(command).parameters.values()
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = Signature([context, *given])  # type: ignore[attr-defined]
    run.__annotations__ = {"ctx": typer.Context, **command.__annotations__}
    return run


def approvals(config: Config) -> Approvals:
    """Approval of devices with the configured dialects and models, as in the running gateway."""
    sources = Sources(config.sources, config.site.name, config.models)
    return Approvals(sources.decode, lambda: sources.models, service.policy(config))


def open_store(config: Config) -> Store:
    """The configured store, opened for one command. Raises StoreError."""
    return Store(Path(config.store.path), ZoneInfo(config.site.timezone))


def hidden_answer(words: str, *, confirm: bool = False) -> str:
    """A secret, typed unseen or from standard input: never from the command line, which others see."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    answer: str = typer.prompt(
        words, default="", show_default=False, hide_input=True, confirmation_prompt=confirm
    )
    return answer.strip()


__all__ = [
    "AsJson",
    "Config",
    "ConfigFile",
    "FarOk",
    "LanguageOption",
    "alone",
    "approvals",
    "hidden_answer",
    "load",
    "open_store",
    "takes",
]
