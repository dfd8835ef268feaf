"""Folders that others wrote: whatever is in them, an error is one line and nothing steers the terminal."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from called import Loadgen
from examples import examples
from experiment_folders import write_experiment
from no_files import KINDS, put
from run_folders import write_run
from second_records import record

from loadgen import cli
from loadgen.analysis import documents
from loadgen.errors import Exit, ProfileError, TargetError
from loadgen.exchange import Exchange
from loadgen.profile.load import load
from loadgen.record.packed import pack
from loadgen.record.recorder import SeriesKey
from loadgen.record.seconds import BEFORE, FILE, MAGIC
from loadgen.stats import Histogram
from loadgen.transport.scripted import Reply

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


def answer(x: Exchange) -> Reply:
    return Reply(after=5_000_000)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run and an experiment, which tests copy."""
    folder = tmp_path_factory.mktemp("written")
    write_run(folder / "run", load("plain.yaml", text=PLAIN).profile, answer, "2026-01-01T00:00:00+00:00")
    return write_experiment(folder / "experiment", EXPERIMENT, lambda variant, number: answer, rounds=2).parent


@pytest.fixture
def run(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written / "run", tmp_path / "run"))


@pytest.fixture
def experiment(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written / "experiment", tmp_path / "experiment"))


def harmless(status: int, out: str, err: str) -> None:
    """Nothing in what was printed can steer a terminal, and an error is one line."""
    assert status in (Exit.PASSED, Exit.USAGE), err
    assert all(c.isprintable() or c == "\n" for c in out + err), (out + err)[-300:]
    assert len(err.splitlines()) == (status == Exit.USAGE)


def mutations(source: Any, count: int, seed: int) -> Iterator[Any]:
    chance, places = random.Random(seed), list(ways(source))
    for _ in range(count):
        yield replaced(source, chance.choice(places), chance.choice(HOSTILE))


def test_a_result_that_others_wrote(written: Path, run: Path, loadgen: Loadgen) -> None:
    good, bad = written / "run", run
    source = json.loads((bad / "result.json").read_text())
    for wrong in mutations(source, examples(100), 1):
        (bad / "result.json").write_text(json.dumps(wrong))
        harmless(*loadgen("report", bad))
        harmless(*loadgen("compare", bad, good))
        harmless(*loadgen("compare", good, bad, "--json"))


def test_what_is_wrong_with_a_folder_is_told_without_pythons_names(run: Path, loadgen: Loadgen) -> None:
    (run / "result.json").unlink()
    seconds = run / FILE
    seconds.write_bytes(MAGIC + record(b"5"))
    line = f"is not as loadgen wrote it: {FILE}, record 1: not as loadgen writes it"
    assert loadgen("report", run).err == f"loadgen: {run}: {line}\n"
    put(seconds, "pipe")
    assert loadgen("report", run).err == f"loadgen: {seconds}: cannot be read: not a regular file\n"
    about = json.loads((run / "run.json").read_text())
    del about["plan"]
    (run / "run.json").write_text(json.dumps(about))
    assert loadgen("report", run).err == f"loadgen: {run}: is not as loadgen wrote it: it has no 'plan'\n"


def test_a_run_that_died_and_that_others_wrote(run: Path, loadgen: Loadgen) -> None:
    (run / "result.json").unlink()
    source = json.loads((run / "run.json").read_text())
    for wrong in mutations(source, examples(80), 2):
        (run / "run.json").write_text(json.dumps(wrong))
        harmless(*loadgen("report", run))


def test_a_run_of_nodes_that_died_says_what_is_not_known(run: Path, loadgen: Loadgen) -> None:
    (run / "result.json").unlink()
    about = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(about | {"from_nodes": 2}))
    result = json.loads(loadgen("report", run, "--json").out)
    (warning,) = [of for of in result["warnings"] if of["code"] == "nodes_unread"]
    assert warning["nodes"] == 2


def test_seconds_that_others_wrote(run: Path, tmp_path: Path, loadgen: Loadgen) -> None:
    (run / "result.json").unlink()
    (piece,) = pack({(0, SeriesKey(0, 0, 1, ""), 0): Histogram.of(np.array([5, 5, 10**7]))})
    health = {"second": 1, "worker": 0, "in_flight": 3, "elapsed": 10**9, "cpu": 5, "rss": 5, "tcp": None}
    for wrong in mutations({"series": piece.series, "health": [health]}, examples(80), 2):
        (run / FILE).write_bytes(MAGIC + record(json.dumps(wrong).encode(), piece.packed))
        harmless(*loadgen("report", run))
        harmless(*loadgen("report", run, "--html", tmp_path / "page.html"))
    (run / FILE).rename(run / BEFORE)
    line = f"is not as loadgen wrote it: an earlier loadgen wrote {BEFORE}; this one reads {FILE}"
    assert loadgen("report", run).err == f"loadgen: {run}: {line}\n"


def test_nesting_without_end(run: Path, loadgen: Loadgen) -> None:
    for depth in (500, 900, 20_000):
        (run / "result.json").write_text('{"schema": "loadgen.result/1", "name": ' + "[" * depth + "]" * depth + "}")
        harmless(*loadgen("report", run))


def test_an_experiment_that_others_wrote(experiment: Path, loadgen: Loadgen) -> None:
    for file in ("run.json", "rounds/01/one/result.json"):
        source = json.loads((experiment / file).read_text())
        for wrong in mutations(source, examples(40), 3):
            (experiment / file).write_text(json.dumps(wrong))
            harmless(*loadgen("report", experiment))
        (experiment / file).write_text(json.dumps(source))


# what is no file


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("impatient")
def test_what_is_no_regular_file_is_not_read(written: Path, tmp_path: Path, loadgen: Loadgen, kind: str) -> None:
    good = written / "run"
    for file in ("run.json", "result.json", FILE, "worker-0.counters"):
        bad = tmp_path / f"bad-{file}"
        shutil.copytree(good, bad)
        if file != "result.json":
            (bad / "result.json").unlink()
        put(bad / file, kind)
        for called in (loadgen("report", bad), loadgen("compare", good, bad)):
            assert called.status == Exit.USAGE, (file, called)
            harmless(*called)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("impatient")
def test_a_round_of_an_experiment_that_is_no_regular_file(experiment: Path, loadgen: Loadgen, kind: str) -> None:
    for file in ("rounds/02/two/seconds.bin", "rounds/01/one/result.json", "run.json"):
        put(experiment / file, kind)
        harmless(*loadgen("report", experiment))


def test_a_name_that_no_file_can_have(loadgen: Loadgen) -> None:
    called = loadgen("report", "x" * 300)
    assert called.status == Exit.USAGE
    harmless(*called)


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
