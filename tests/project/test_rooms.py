"""The rooms: who may import whom, read from the code itself; what only one place may touch; and no import circles."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

import loadgen

PACKAGE = Path(loadgen.__file__).parent
SANDBOX_STANDS_ON = 2  # the highest room that it may import
ENTRY = {"__init__", "__main__"}  # of the package: the first imports nothing, the second starts the command

# what comes from elsewhere, and where alone it may be imported
FENCES = {
    "click": re.compile(r"cli/.*"),
    "rich": re.compile(r"report/terminal/.*"),
    "hdrh": re.compile(r"record/hlog\.py"),
    "aioboto3": re.compile(r"transport/sdk/.*"),
    "aiobotocore": re.compile(r"transport/sdk/.*"),
    "matplotlib": re.compile(r"report/formats/png\.py"),
    "ray": re.compile(r"fleet/.*"),
    "pydantic": re.compile(r"profile/.*"),
    "pydantic_core": re.compile(r"profile/.*"),
    "ruamel": re.compile(r"profile/.*"),
}
CLOCKS = re.compile(
    r"(time|monotonic|perf_counter|process_time|thread_time|clock_gettime)(_ns)?|localtime|gmtime|ctime"
)

STARTS = re.compile(
    r"(\w+\.)*(Popen|create_subprocess_\w+|forkpty|Process|ProcessPoolExecutor)|subprocess\.(run|call|check_\w+|get\w+)|"
    r"os\.(fork|system|popen|posix_spawnp?|exec[lv]p?e?|spawn[lv]p?e?)"
)


def levels() -> dict[str, int]:
    """The room of each top module, from the table in the package's own description."""
    found: dict[str, int] = {}
    for line in (loadgen.__doc__ or "").splitlines():
        if match := re.match(r"    (\d)  ([a-z]+(?:, [a-z]+)*)", line):
            found |= dict.fromkeys(match[2].split(", "), int(match[1]))
    return found


LEVELS = levels()


@dataclass
class Code:
    """A module of the package: its path in it, its source, and what it imports, as (line, dotted name)."""

    path: str
    source: str
    imports: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tree = ast.parse(self.source)
        package = ["loadgen", *self.path.split("/")[:-1]]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                self.imports += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) + 1 - node.level] if node.level else []
                dotted = ".".join([*base, *([node.module] if node.module else [])])
                self.imports += [(node.lineno, f"{dotted}.{alias.name}") for alias in node.names]

    @property
    def name(self) -> str:
        """As it is imported."""
        return "loadgen." + self.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    @property
    def room(self) -> str:
        return self.path.split("/")[0].removesuffix(".py")


@cache
def modules() -> list[Code]:
    return [Code(path.relative_to(PACKAGE).as_posix(), path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))]


def broken(code: Code) -> Iterator[str]:
    """Each import that goes up or sideways."""
    if code.room in ENTRY:
        return
    for line, name in code.imports:
        parts = name.split(".")
        if parts[0] != "loadgen" or len(parts) < 2:
            continue
        other = parts[1]
        if other == code.room or (other not in LEVELS and other != "sandbox"):
            continue
        if not allowed(code.room, other):
            yield f"{code.path}:{line}: {code.room} must not import {other}"


def allowed(room: str, other: str) -> bool:
    if other == "sandbox":
        return room == "cli"
    return LEVELS[other] <= SANDBOX_STANDS_ON if room == "sandbox" else LEVELS[other] < LEVELS[room]


def beyond(code: Code) -> Iterator[str]:
    """Each import of what belongs behind a fence."""
    for line, name in code.imports:
        fence = FENCES.get(name.split(".")[0])
        if fence and not fence.fullmatch(code.path):
            yield f"{code.path}:{line}: {name} may be imported in {fence.pattern} alone"


def clock_reads(code: Code) -> Iterator[str]:
    """Each place where a clock is read, or taken to be read, but in the module that is for it."""
    if code.path == "clock.py":
        return
    for line, name in code.imports:
        if name.split(".")[0] == "time" and (name == "time" or CLOCKS.fullmatch(name.removeprefix("time."))):
            yield f"{code.path}:{line}: {name} is imported"
    for node in ast.walk(code.tree):
        if isinstance(node, ast.Attribute) and _reads_a_clock(node):
            yield f"{code.path}:{node.lineno}: {ast.unparse(node)} reads a clock"


def starts(code: Code) -> Iterator[str]:
    """Each place where a process is started, but in the module that shields it from signals and from the folder that
    the user stands in."""
    if code.path == "net/children.py":
        return
    for node in ast.walk(code.tree):
        if isinstance(node, ast.Call) and STARTS.fullmatch(ast.unparse(node.func)):
            yield f"{code.path}:{node.lineno}: {ast.unparse(node.func)} starts a process"


def circles(codes: list[Code]) -> list[list[str]]:
    """Each set of modules that import each other in a circle, in order; wherever in a module the import stands, and for
    whatever: at its head, within a function or for the type checker alone."""
    names = {code.name for code in codes}
    graph = {code.name: {module for _, name in code.imports if (module := _module(name, names))} for code in codes}
    reach = {name: _reached(name, graph) for name in graph}
    of = {name: tuple(sorted(other for other in reach[name] if name in reach[other])) for name in graph}
    return [list(circle) for circle in sorted(set(of.values())) if circle]


def _module(name: str, names: set[str]) -> str:
    """The module of ours that an import of `name` loads, which may be a thing in it; empty if there is none."""
    return name if name in names else parent if (parent := name.rpartition(".")[0]) in names else ""


def _reached(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    """What is imported from `start` on, at any number of steps."""
    reached, left = set[str](), [*graph[start] - {start}]
    while left:
        if (name := left.pop()) not in reached:
            reached.add(name)
            left += graph[name]
    return reached


def _reads_a_clock(node: ast.Attribute) -> bool:
    of = ast.unparse(node.value)
    if node.attr in ("now", "utcnow", "today"):
        return of.rpartition(".")[2] in ("datetime", "date")
    return node.attr == "time" and re.search(r"loop(\(\))?$", of) is not None


def test_the_table_names_every_room_and_no_other() -> None:
    rooms = {code.room for code in modules()} - ENTRY
    assert rooms == {*LEVELS, "sandbox"}
    assert sorted(set(LEVELS.values())) == list(range(max(LEVELS.values()) + 1))


@pytest.mark.parametrize("check", [broken, beyond, clock_reads, starts])
def test_no_module_breaks_the_rules(check: object) -> None:
    assert callable(check)
    assert [found for code in modules() for found in check(code)] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(modules()) == []


def test_the_package_itself_imports_nothing_of_ours() -> None:
    (init,) = [code for code in modules() if code.path == "__init__.py"]
    assert [name for _, name in init.imports if name.partition(".")[0] not in sys.stdlib_module_names] == []


# that the checks see what they are to see

BROKEN = [
    ("stats.py", "from loadgen.record.recorder import Recorder"),
    ("stats.py", "def late():\n    import loadgen.cli"),
    ("stats.py", "from loadgen import engine"),
    ("stats.py", "import loadgen.net.tls"),
    ("clock.py", "from loadgen.errors import LoadgenError"),
    ("exchange.py", "from loadgen.profile.units import rate"),
    ("pacing.py", "from loadgen.workload.draws import Column"),
    ("transport/wire/client.py", "from loadgen.record.ledger import Ledger"),
    ("transport/wire/client.py", "from ...record import ledger"),
    ("record/ledger.py", "if True:\n    from loadgen.store import RunFolder"),
    ("trust/verdict.py", "from loadgen.engine.plan import Plan"),
    ("report/terminal/live.py", "from loadgen.cli.run import read"),
    ("sandbox/server.py", "from loadgen.record.ledger import Ledger"),
    ("sandbox/server.py", "from loadgen.engine.plan import Plan"),
    ("fleet/fleet.py", "from loadgen.sandbox.process import start"),
]
FINE = [
    ("stats.py", "from loadgen import __version__\nimport numpy\nfrom loadgen.clock import now"),
    ("transport/wire/client.py", "from loadgen.transport import Settings\nfrom loadgen.net.tls import Channel"),
    ("store.py", "from loadgen.record.recording import Recording"),
    ("sandbox/server.py", "from loadgen.net.tls import Channel\nfrom loadgen.profile.units import rate"),
    ("cli/run.py", "from loadgen.sandbox.process import start"),
    ("__main__.py", "from loadgen.cli import main"),
]


@pytest.mark.parametrize(("path", "source"), BROKEN)
def test_an_arrow_up_or_sideways_is_seen(path: str, source: str) -> None:
    assert len(list(broken(Code(path, source)))) == 1


@pytest.mark.parametrize(("path", "source"), FINE)
def test_an_arrow_down_is_let_through(path: str, source: str) -> None:
    assert list(broken(Code(path, source))) == []


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ("from loadgen.net.http1 import Parser", "from loadgen.net.tls import Channel"),
        ("import loadgen.net.http1", "def late():\n    from loadgen.net import tls"),
        ("from . import http1", "if TYPE_CHECKING:\n    from loadgen.net.tls import Channel"),
        ("from .http1 import Parser", "from loadgen.net import names, tls"),
    ],
)
def test_an_import_circle_is_seen(there: str, back: str) -> None:
    codes = [Code("net/tls.py", there), Code("net/http1.py", back), Code("net/names.py", "from . import tls")]
    wider = ["loadgen.net.names"] if "names" in back else []
    assert circles(codes) == [["loadgen.net.http1", *wider, "loadgen.net.tls"]]


def test_what_is_imported_by_two_is_no_circle() -> None:
    codes = [
        Code("net/tls.py", "from loadgen.net import http1, names"),
        Code("net/names.py", "from loadgen.net.http1 import Parser"),
        Code("net/http1.py", "import numpy\nfrom loadgen.clock import now"),
        Code("net/__init__.py", ""),
    ]
    assert circles(codes) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("report/terminal/live.py", "import click"),
        ("cli/run.py", "from rich.table import Table"),
        ("report/words.py", "from rich.table import Table"),
        ("record/recorder.py", "from hdrh.histogram import HdrHistogram"),
        ("transport/registry.py", "import aioboto3"),
        ("transport/aiohttp/client.py", "from aiobotocore.session import AioSession"),
        ("engine/engine.py", "def f():\n    import ray.util"),
        ("runner/session.py", "import pydantic"),
    ],
)
def test_what_is_behind_a_fence_is_seen(path: str, source: str) -> None:
    assert len(list(beyond(Code(path, source)))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from time import monotonic_ns",
        "from time import sleep, perf_counter as p",
        "def f(loop):\n    return loop.time()",
        "self._loop.time()",
        "asyncio.get_running_loop().time()",
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
    ],
)
def test_a_clock_that_is_read_elsewhere_is_seen(source: str) -> None:
    assert list(clock_reads(Code("engine/engine.py", source)))
    assert list(clock_reads(Code("clock.py", source))) == []


def test_what_only_looks_like_a_clock_is_let_through() -> None:
    source = "from loadgen.clock import now\nclock.now()\nself._clock.now()\nx.time\ndatetime.fromtimestamp(0, UTC)"
    assert list(clock_reads(Code("engine/engine.py", source))) == []


@pytest.mark.parametrize(
    "source", ["subprocess.Popen(command)", "Popen(command)", "os.fork()", "subprocess.run(command)", "os.execv(a, b)"]
)
def test_a_process_that_is_started_elsewhere_is_seen(source: str) -> None:
    assert list(starts(Code("fleet/group.py", source)))
    assert list(starts(Code("net/children.py", source))) == []
