"""The report for whoever helps: findings, settings, versions and the journal, without secrets or people.

Owns what stands in it. Must not hold the database's content: counts are enough.
"""

import platform
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gateway.config.people import person_of
from gateway.doctor.case import Case
from gateway.doctor.finding import Finding
from gateway.doctor.redaction import parts, redacted, secrets_in, without_secrets
from gateway.domain.errors import ShishigakiError
from gateway.version import program_version

LOG_LINES = 300
WITHIN_S = 20.0
SECRETS = "etc/shishigaki/secrets"


def report(case: Case, findings: Sequence[Finding], log: str | None = None) -> str:
    """The whole report. `log`: what the journal says; None: ask it."""
    settings = msgspec.to_builtins(case.config)
    shown = msgspec.json.format(msgspec.json.encode(without_secrets(settings)), indent=1).decode()
    sections = {
        "shishigaki": program_version(),
        "system": f"{platform.platform()}, Python {platform.python_version()}",
        "time": f"{case.now:%Y-%m-%dT%H:%M:%SZ}",
        "doctor": "\n".join(one.line for one in findings),
        "settings": shown,
        "sizes": "\n".join(_sizes(case)),
        "journal": _journal() if log is None else log,
    }
    text = "\n".join(f"== {title}\n{content}\n" for title, content in sections.items())
    return redacted(text, [*secrets_in(settings), *_people(case), *_files(case)])


def _sizes(case: Case) -> Iterator[str]:
    for file in sorted(case.data.glob(f"{case.database.name}*")):
        yield f"{file.name} {file.stat().st_size}"


def _people(case: Case) -> Iterator[str]:
    """Names and channels of everybody; none where the database cannot be read."""
    everybody = [person_of(one) for one in case.config.people]
    try:
        with case.reader() as reader:
            everybody += reader.people.all() if reader is not None else []
    except (ShishigakiError, OSError):
        pass  # the findings say why
    for person in everybody:
        yield from (person.name, person.title)
        for channel in person.channels:
            yield from parts(channel.url)


def _files(case: Case) -> Iterator[str]:
    """The content of every file of secrets."""
    folder = case.place(SECRETS)
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield case.text(f"{SECRETS}/{Path(file).name}")


def _journal() -> str:
    """The last lines of the service; why there are none."""
    unit, lines = ["-u", "shishigaki"], ["-n", str(LOG_LINES)]
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            ["journalctl", *unit, *lines, "--no-pager", "-o", "short-iso"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no journal: {error}"
    return done.stdout or done.stderr
