"""Files and words that others wrote: whatever is in them comes to one clear line, and none of it steers the screen."""

from __future__ import annotations

import copy
import csv
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_harness import go
from experiment_folders import write_experiment, write_run
from sandbox_link import Target, feed, request

from loadgen import __version__, cli
from loadgen.analysis import documents
from loadgen.engine.plan import MOST_SLOTS, Plan
from loadgen.errors import Exit, LoadgenError, PlanError, ProfileError, TargetError
from loadgen.exchange import Exchange, Request
from loadgen.profile.load import load
from loadgen.store import read_intervals
from loadgen.transport.scripted import Reply
from loadgen.trust import host

STEERING = "\x1b[2J\x1b]0;owned\x07\u202e\x9b31m\r\n"
LEFT_OUT = object()
DEEP: list[Any] = []
for _ in range(300):
    DEEP = [DEEP]
HOSTILE = (
    None, True, -1, 1e308, 10**400, float("nan"), float("-inf"), "", STEERING, "x" * 5000, [], {}, [None], {"a": None},
    DEEP, {"p50": STEERING}, "12:99", "2026-13-45T99:99", LEFT_OUT,
)  # fmt: skip
PLAIN = """
name: plain
target: http://127.0.0.1:1
load: [{name: a, rate: 50/s, for: 2s}]
scenarios: [{name: s, steps: [{name: g, get: /}]}]
"""
EXPERIMENT = PLAIN + "experiment: {variants: {one: {}, two: {timeout: 1s}}, rounds: 2}\n"


def ways(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield (*way, step)
        yield from ways(item, (*way, step))


def replaced(value: Any, way: tuple[Any, ...], by: Any) -> Any:
    found = copy.deepcopy(value)
    place = found
    for step in way[:-1]:
        place = place[step]
    if by is LEFT_OUT:
        del place[way[-1]]
    else:
        place[way[-1]] = by
    return found


Loadgen = Callable[..., tuple[int, str, str]]


@pytest.fixture
def loadgen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Loadgen:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["loadgen", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return call


def saved(folder: Path) -> Path:
    profile = load(folder.parent / "plain.yaml", text=PLAIN).profile
    write_run(folder, profile, lambda x: Reply(after=5_000_000), "2026-01-01T00:00:00+00:00")
    return folder


def harmless(status: int, out: str, err: str) -> None:
    """Nothing in what was printed can steer a terminal, and an error is one line."""
    assert status in (Exit.PASSED, Exit.USAGE), err
    assert all(c.isprintable() or c == "\n" for c in out + err), (out + err)[-300:]
    assert len(err.splitlines()) == (status == Exit.USAGE)


def mutations(source: Any, count: int, seed: int) -> Iterator[Any]:
    chance, places = random.Random(seed), list(ways(source))
    for _ in range(count):
        yield replaced(source, chance.choice(places), chance.choice(HOSTILE))


def test_a_result_that_others_wrote(tmp_path: Path, loadgen: Loadgen) -> None:
    good, bad = saved(tmp_path / "good"), saved(tmp_path / "bad")
    source = json.loads((bad / "result.json").read_text())
    for wrong in mutations(source, 60, 1):
        (bad / "result.json").write_text(json.dumps(wrong))
        harmless(*loadgen("report", bad))
        harmless(*loadgen("compare", bad, good))
        harmless(*loadgen("compare", good, bad, "--json"))


@pytest.mark.parametrize("file", ["run.json", "intervals.jsonl"])
def test_a_run_that_died_and_that_others_wrote(tmp_path: Path, loadgen: Loadgen, file: str) -> None:
    folder = saved(tmp_path / "run")
    (folder / "result.json").unlink()
    source = json.loads(
        (folder / file).read_text().splitlines()[0] if file != "run.json" else (folder / file).read_text()
    )
    for wrong in mutations(source, 50, 2):
        (folder / file).write_text(json.dumps(wrong) + "\n")
        harmless(*loadgen("report", folder))


def test_nesting_without_end(tmp_path: Path, loadgen: Loadgen) -> None:
    folder = saved(tmp_path / "run")
    for depth in (500, 900, 20_000):
        (folder / "result.json").write_text('{"schema": "loadgen.result/1", "name": ' + "[" * depth + "]" * depth + "}")
        harmless(*loadgen("report", folder))


def test_an_experiment_that_others_wrote(tmp_path: Path, loadgen: Loadgen) -> None:
    folder = tmp_path / "experiment"
    write_experiment(folder, EXPERIMENT, lambda variant, number: lambda x: Reply(after=5_000_000), rounds=2)
    for file in ("run.json", "rounds/01/one/result.json"):
        source = json.loads((folder / file).read_text())
        for wrong in mutations(source, 12, 3):
            (folder / file).write_text(json.dumps(wrong))
            harmless(*loadgen("report", folder))
        (folder / file).write_text(json.dumps(source))


# what is no file


@pytest.mark.parametrize("file", ["run.json", "result.json", "intervals.jsonl"])
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "folder"])
def test_what_is_no_regular_file_is_not_read(tmp_path: Path, file: str, kind: str) -> None:
    path = tmp_path / file
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(kind)
    with pytest.raises((LoadgenError, ValueError), match="regular file"):
        list(read_intervals(path)) if file == "intervals.jsonl" else documents.document(path)


def test_a_file_that_grows_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SIZE_LIMIT", 10)
    (tmp_path / "result.json").write_text('{"a": "0123456789"}')
    with pytest.raises(ProfileError, match="too large"):
        documents.document(tmp_path / "result.json")


# what others say


def test_an_error_cannot_steer_the_terminal(loadgen: Loadgen, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise TargetError(f"the target says: {STEERING}and more")

    monkeypatch.setattr(cli, "cli", fail)
    status, out, err = loadgen("run", "burst")
    assert (status, out) == (Exit.UNUSABLE, "")
    assert err == "loadgen: the target says: ?[2J?]0;owned???31m  and more\n"


ANSWERS = {
    "digits without end": b'{"id": ' + b"1" * 6000 + b"}",
    "a number beyond floats": b'{"id": 1, "t": ' + b"9" * 400 + b"}",
    "no numbers": b'{"id": NaN, "t": -1e999}',
    "nesting": b'{"id": ' + b"[" * 900 + b"]" * 900 + b"}",
    "nesting without end": b'{"id": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "half a character": b'{"id": "\\ud800"}',
    "a line break": b'{"id": "a\\r\\nX-Evil: 1\\u0000"}',
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
}
CAPTURING = """
load: [{name: a, at-once: 2}]
scenarios:
  - name: s
    steps:
      - {name: one, get: /, capture: {id: body.id, h: header.x-h}, record: {t: body.t}}
      - {name: two, post: "/p/{{id}}?q={{id}}", headers: {X-Id: "{{h}}"}, json: {a: "{{id}}", b: "x{{id}}"}}
      - {name: three, get: /, headers: {X-Id: "{{id}}"}}
    split_by: [id]
"""


HEADERS = {"a line": "a\r\nX-Evil: 1", "a turn": "\u202e", "a length": "x" * 50_000}
CAPTURED = [*((body, "ok") for body in ANSWERS.values()), *((b'{"id": 1}', header) for header in HEADERS.values())]


@pytest.mark.parametrize(("body", "header"), CAPTURED, ids=[*ANSWERS, *HEADERS])
def test_whatever_is_captured_stops_no_load_and_splits_no_request(body: bytes, header: str) -> None:
    sent: list[Request] = []

    def answer(x: Exchange) -> Reply:
        sent.append(x.request)
        return Reply(after=1000, headers={"x-h": header}, body=body)

    run = go(CAPTURING, answer)
    assert run.ledger.mismatches() == []
    assert sent
    for made in sent:
        assert all(c.isprintable() and c.isascii() for _, value in made.headers for c in value)
        assert made.path.isascii()
        assert made.path.isprintable()


DATA = """
name: d
target: http://127.0.0.1:1
load: [{name: a, at-once: 6}]
scenarios:
  - name: s
    data: rows.jsonl
    steps:
      - {name: plain, get: "/{{v}}/x?q={{v}}", query: {r: "{{v}}"}}
      - {name: header, get: /, headers: {X-Id: "a {{v}}"}}
"""


def test_a_row_of_a_data_file_splits_no_request(tmp_path: Path) -> None:
    rows = ("a\r\nX-Evil: 1", "a HTTP/1.1\r\n\r\nGET /evil", "../../x", "?a=1&b=2#c", "\x00\x1b[2J", "\u202e\ud7ff")
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"v": row}) + "\n" for row in rows))
    sent: list[Request] = []

    def answer(x: Exchange) -> Reply:
        sent.append(x.request)
        return Reply(after=1000)

    go(load(tmp_path / "d.yaml", text=DATA).profile, answer)
    assert len(sent) == 6 + 2, "of the headers two can be sent"
    for made in sent:
        assert "Evil" not in dict(made.headers)
        assert made.path.isascii()
        assert made.path.isprintable()
        assert " " not in made.path
        assert made.path == "/" or made.path.count("/") == 2, "no value adds a part to the path"
        assert made.path == "/" or (made.path.count("?"), made.path.count("&"), made.path.count("#")) == (1, 1, 0)


def test_a_cell_of_the_truth_log_is_no_formula(tmp_path: Path) -> None:
    """A spreadsheet takes a cell for one that begins with = + - @, a tab or a line break; no path does."""
    for number, path in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "/=1", "/a,=1", '/"=1')):
        log = tmp_path / f"{number}.csv"
        target = Target(log)
        feed(target.connect(owed=1), request(path))
        target.run()
        assert target.core.truth
        target.core.truth.close()
        with log.open(newline="") as lines:
            cells = [cell for row in csv.reader(lines) for cell in row]
        assert {cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))} <= {"-"}
        assert (path in cells) == path.startswith("/")


def test_a_result_says_which_versions_made_it() -> None:
    named = {"loadgen", "python", "uvloop", "httptools", "aiohttp", "numpy", "openssl", "kernel"}
    known = host.about()
    assert named <= known.keys()
    assert "?" not in known.values()
    assert known["loadgen"] == __version__


# sizes


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("rate: 50/s", "rate: 10000001/s", "no machine can send"),
        ("for: 2s", "for: 8785h", "longer than a year"),
        ("rate: 50/s, for: 2s", "users: 1000000001, for: 2s", "out of range"),
        ("rate: 50/s, for: 2s", "rate: 50/s, iterations: 1000000001", "out of range"),
        ("get: /", 'post: /, text: "{{bytes 100000000}}"', "16777216"),
        ("name: plain", "name: plain\ncycles: 1001", "out of range"),
        ("name: plain", "name: plain\nmax_rate: 49/s", "more than max_rate allows"),
    ],
)
def test_a_load_beyond_all_reason_is_refused(tmp_path: Path, written: str, instead: str, told: str) -> None:
    with pytest.raises(ProfileError, match=told):
        load(tmp_path / "p.yaml", text=PLAIN.replace(written, instead))


def test_a_matrix_is_counted_before_it_is_made(tmp_path: Path) -> None:
    axes = ", ".join(f"a{n}: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]" for n in range(30))
    with pytest.raises(ProfileError, match=f"has {10**30} variants, more than 64"):
        load(tmp_path / "p.yaml", text=PLAIN + f"experiment: {{matrix: {{{axes}}}}}\n")


def test_a_variable_many_times_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME", "x")
    many = PLAIN.replace("get: /", 'get: "/' + "${SOME}" * 100_000 + '"')
    (step,) = load(tmp_path / "p.yaml", text=many).profile.scenarios[0].steps
    assert step.path == "/" + "x" * 100_000


def test_a_plan_has_no_more_rows_than_can_be_kept(tmp_path: Path) -> None:
    profile = load(tmp_path / "p.yaml", text=PLAIN).profile
    known = Plan.of(profile).describe()
    with pytest.raises(PlanError, match="can be told apart"):
        Plan.from_description({**known, "cycles": MOST_SLOTS + 1})
    for cycles in (0, -1, True, 1.5, "2"):
        with pytest.raises(ValueError, match="cycles"):
            Plan.from_description({**known, "cycles": cycles})
