"""`python -m gateway.doctor`: examines once in a process of its own, for the pages of a running gateway.

Reads the question from standard input and writes the findings to standard output. A process of its own
opens the database's files without touching the gateway's locks, and gives its memory back.
"""

import sys
from pathlib import Path

import msgspec

from gateway.clock import utc_now
from gateway.doctor.case import Case
from gateway.doctor.examination import examine
from gateway.doctor.question import Question
from gateway.doctor.table import CHECKS


def main() -> None:
    """Read the question, write the findings."""
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=Question)
    file = Path(question.config_file) if question.config_file else None
    found = list(examine(Case(question.config, utc_now(), file), CHECKS))
    sys.stdout.buffer.write(msgspec.json.encode(found))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
