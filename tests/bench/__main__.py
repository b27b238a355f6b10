"""`make bench`: every benchmark, one after the other; each can be run alone as its module says."""

import subprocess
import sys

MODULES = (
    "intake",
    "alerts",
    "mqtt",
    "processor.decode",
    "processor.judging",
    "surface",
    "officials",
    "influx",
    "wear",
    "pictures",
)


def main(arguments: list[str]) -> int:
    """Run the named modules, or all; arguments with a dash go to `intake`."""
    wanted = [name for name in arguments if not name.startswith("-")] or MODULES
    options = [name for name in arguments if name.startswith("-")]
    for name in wanted:
        print(f"== {name}", flush=True)
        more = options if name == "intake" else []
        code = subprocess.run([sys.executable, "-m", f"tests.bench.{name}", *more], check=False)
        if code.returncode:
            return code.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
