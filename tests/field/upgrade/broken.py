"""Versions that do not work: each with one fault of those that releases have had.

Owns what is changed in the wheel of a good version. A test builds and signs them as a release would be.
"""

from collections.abc import Mapping

from tests.field.upgrade.variants import END, Change

RUN = "gateway/cli/service/run.py"
BUILT = "    gateway = service.build(settings)\n"
BEGIN = "    settings = load(config)\n"
NEWER = (END, '\nMIGRATIONS += ("CREATE TABLE of_the_new_version (a);",)\n')
FILL = (
    BUILT
    + '    folder = __import__("os").open("/var/lib/shishigaki/filler", 66, 0o600)\n'
    + "    step = 1 << 28\n"
    + "    done = 0\n"
    + "    while step >= 4096:\n"
    + "        try:\n"
    + '            __import__("os").posix_fallocate(folder, done, step)\n'
    + "            done += step\n"
    + "        except OSError:\n"
    + "            step //= 2\n"
)
BROKEN: Mapping[str, Mapping[str, Change]] = {
    "import error": {RUN: ("import asyncio\n", "import asyncio\nimport no_such_library\n")},
    "import error everywhere": {
        "gateway/domain/model.py": (
            "from datetime import",
            "import no_such_library\nfrom datetime import",
        )
    },
    "hang": {RUN: (BEGIN, '    __import__("time").sleep(1e6)\n' + BEGIN)},
    "migrates then crashes": {
        "gateway/store/schema.py": NEWER,
        RUN: (BUILT, BUILT + "    raise SystemExit(1)\n"),
    },
    "deaf to the broker": {
        "gateway/mqtt/session.py": (
            "        inbox = self._inbox\n        while not inbox:",
            "        await asyncio.sleep(1e9)\n        inbox = self._inbox\n        while not inbox:",
        )
    },
    "disk full midway": {"gateway/store/schema.py": NEWER, RUN: (BUILT, FILL)},
    "confirms, and its pages fail": {
        "gateway/store/schema.py": NEWER,
        "dashboard/web/login.py": (
            "    async def show(",
            "    async def show(self, _): raise RuntimeError\n\n    async def shown(",
        ),
    },
}
