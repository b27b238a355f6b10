"""The live database is never opened outside SQLite: read from the source of the whole program.

`test_rogue` holds the same with a hook inside a running gateway.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.sources import FILES, imports, tree

STORE = "gateway/store/"

OPENING = {
    "open",
    "read_bytes",
    "read_text",
    "write_bytes",
    "write_text",
    "touch",
    "copy",
    "copy2",
    "copyfile",
    "copytree",
    "move",
    "fromfile",
    "memmap",
    "mmap",
    "truncate",
}
# A call of the store that looks like an opening.
THROUGH_THE_STORE = {"backup.copy(source, self.database, copy)"}
# What the store opens by itself, and why that is never a database in use.
ALLOWED = {
    "fresh.open('wb')": "the new copy of the schema pages",
    "_beside(path).read_bytes()": "the copy of the schema pages",
    "copy.open('r+b')": "a copy of a broken file",
    "target.open('wb')": "the same, just made",
    "raw_file.copy(path, copy)": "through SQLite's own file layer",
    "raw_file.copy(wal, beside(copy, '-wal'))": "through SQLite's own file layer",
    "part.touch(mode=416)": "a new backup",
    "copy(source, database, target)": "SQLite's backup",
    "make(source, copy, database)": "SQLite's backup",
    "os.open(path, os.O_RDONLY)": "a new file before it gets its name, or a folder",
    "os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 416)": "the lock file",
    "Path(name).read_text(encoding='ascii')": "the lock file",
    "LOCKS.read_text(encoding='ascii')": "/proc/locks",
    "Path(f'/proc/{process}/comm').read_text(encoding='utf-8')": "/proc",
    "self._opening.open(check_s)": "through SQLite",
}


def functions(module: ast.AST) -> Iterator[ast.AST]:
    """Each function, and what stands outside of all."""
    yield module
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(part: ast.AST) -> Iterator[ast.Call]:
    """Every call that may open a file by its name."""
    for node in ast.walk(part):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in OPENING:
                yield node


def is_database(node: ast.AST) -> bool:
    """Whether an expression names the database: the setting `store.path`, or `database`."""
    text = ast.unparse(node)
    return "store.path" in text or "database" in text


def opens_database(module: ast.Module) -> list[str]:
    """Calls on the setting `store.path`, or on a name that was made from it in the same function."""
    found = []
    for part in functions(module):
        names = {
            target.id
            for node in ast.walk(part)
            if isinstance(node, ast.Assign) and is_database(node.value)
            for target in ast.walk(node)
            if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
        }
        for call in calls(part):
            used = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
            if is_database(call) or used & names:
                found.append(ast.unparse(call))
    return found


def test_no_file_opens_the_database_that_the_settings_name() -> None:
    others = [path for path in FILES if not path.startswith(STORE)]
    found = {path: set(opens_database(tree(path))) - THROUGH_THE_STORE for path in others}
    assert {path: calls for path, calls in found.items() if calls} == {}


def test_the_store_opens_only_files_that_are_no_database_in_use() -> None:
    store = [path for path in FILES if path.startswith(STORE)]
    found = {ast.unparse(call) for path in store for call in calls(tree(path))}
    assert len(found) > 5
    assert found - ALLOWED.keys() == set(), "read it with raw_file, or say here what it opens"


def test_no_second_copy_of_sqlite_is_in_the_process() -> None:
    """Python's `sqlite3` in this process would drop apsw's locks as a plain descriptor does."""
    second = {"sqlite3", "_sqlite3", "dbm"}
    assert [p for p in FILES if {name.split(".")[0] for name in imports(p)} & second] == []


@pytest.mark.parametrize(
    "source",
    [
        "shutil.copy(settings.store.path, 'x')",
        "Path(config.store.path).read_bytes()",
        "def f(c):\n    where = Path(c.store.path)\n    with where.open('rb') as file:\n        file.read()",
        "def f(store):\n    p = store.path\n    return open(p)",
        "database.read_bytes()",
    ],
)
def test_control_such_an_opening_is_found(source: str) -> None:
    assert opens_database(ast.parse(source))
