"""Node-RED as people wire it: mqtt in (QoS 1) → function → one INSERT a message by its sqlite node.

Owns the flow and the private folder it runs in. Only where `node-red` and its sqlite node are installed.
"""

import json
import shutil
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import apsw

from tests.bench.load import Publisher, detections
from tests.support.processes.child import Child
from tests.support.servers import free_port, wait_for

TOPICS = "wildlife/v1/#"
SPLIT = """
const at = msg.topic.split("/"), body = msg.payload;
return { params: { $topic: msg.topic, $device: at[3], $ts: body.ts, $species: body.species } };
"""
INSERT = "INSERT INTO event VALUES ($topic, $device, $ts, $species)"


def missing() -> str:
    """What is not installed; empty: nothing."""
    program = shutil.which("node-red")
    if program is None:
        return "node-red is not installed: npm install -g node-red node-red-node-sqlite"
    if not (_modules(program) / "node-red-node-sqlite").is_dir():
        return "Node-RED's sqlite node is not installed: npm install -g node-red-node-sqlite"
    return ""


class NodeRed:
    """A running flow that stores what `port`'s broker brings."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self._broker = folder, port
        self.database = folder / "naive.db"
        self._child = Child(folder / "log")

    def stored(self) -> int:
        """Rows in its table."""
        connection = apsw.Connection(str(self.database), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return int(next(connection.execute("SELECT count(*) FROM event"))[0])
        except apsw.BusyError:
            return 0
        finally:
            connection.close()

    def __enter__(self) -> Self:
        connection = apsw.Connection(str(self.database))
        connection.execute("CREATE TABLE event (topic TEXT, device TEXT, at TEXT, species TEXT)")
        connection.close()
        (self.folder / "flows.json").write_text(json.dumps(flow(self._broker, self.database)))
        program = shutil.which("node-red")
        assert program
        modules = _modules(program)
        (self.folder / "settings.js").write_text(
            f"module.exports = {{ nodesDir: {json.dumps(str(modules / 'node-red-node-sqlite'))}, "
            "flowFile: 'flows.json', httpAdminRoot: false, httpNodeRoot: false }"
        )
        command = [program, "-u", str(self.folder), "-p", str(free_port())]
        self._child.start(command, NODE_PATH=str(modules))
        wait_for(self._takes_part, "Node-RED to store a message", 60)
        return self

    def _takes_part(self) -> bool:
        """It says that it is connected before it has subscribed: one message shows whether it has."""
        if "Connected to broker" not in self._child.log:
            return False
        probe = Publisher(self._broker, "probe")
        probe.send_all(detections(1, 1))
        probe.close()
        time.sleep(0.5)
        return self.stored() > 0

    @property
    def pid(self) -> int:
        """Of the running process."""
        return self._child.pid

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.end()


def flow(port: int, database: Path) -> list[dict[str, object]]:
    """The nodes and their wires."""
    return [
        {"id": "tab", "type": "tab", "label": "naive"},
        {
            "id": "broker",
            "type": "mqtt-broker",
            "broker": "127.0.0.1",
            "port": str(port),
            "clientid": "node-red",
            "protocolVersion": "4",
            "keepalive": "60",
            "cleansession": True,
        },
        {
            "id": "in",
            "type": "mqtt in",
            "z": "tab",
            "topic": TOPICS,
            "qos": "1",
            "datatype": "json",
            "broker": "broker",
            "wires": [["split"]],
        },
        {
            "id": "split",
            "type": "function",
            "z": "tab",
            "func": SPLIT,
            "outputs": 1,
            "wires": [["insert"]],
        },
        {"id": "file", "type": "sqlitedb", "db": str(database), "mode": "RWC"},
        {
            "id": "insert",
            "type": "sqlite",
            "z": "tab",
            "mydb": "file",
            "sqlquery": "prepared",
            "sql": INSERT,
            "wires": [[]],
        },
    ]


def _modules(program: str) -> Path:
    """The folder of modules that the installed program lies in."""
    return next(
        folder for folder in Path(program).resolve().parents if folder.name == "node_modules"
    )
