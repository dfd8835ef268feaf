"""A run that is joined as it ends: it looks again while lines are missing, and a failure leaves the run as it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from joinable import exemplar, report, run_with, step, uuid

from loadgen.aws.logs import LINE, in_json
from loadgen.errors import TargetError
from loadgen.experiment.saved import read
from loadgen.profile.load import load
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult
from loadgen.runner import join as joining
from loadgen.runner.destination import Destination
from loadgen.runner.join import LOOKS, LogFile, Wanted, join_after, logs_url

LOADED = load("p.yaml", text="name: t\ntarget: https://api.example.com\nload: [{name: a, rate: 1/s, for: 1s}]\n")
TO = cast(Destination, type("To", (), {"sandbox": None}))


class Ending:
    """A run of three requests; `lines` of the function's log come with each look."""

    def __init__(self, folder: Path, *lines: list[str]) -> None:
        self.lines, self.file = list(lines), folder / "function.log"
        self.file.write_text("")
        some = [exemplar(n, 50.0, x_amzn_requestid=uuid(n)) for n in range(3)]
        self.run = run_with(folder / "run", step([], some, 300))
        self.slept: list[float] = []
        self.said: list[Reason] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        more = self.lines.pop(0) if self.lines else []
        with self.file.open("a") as file:
            file.writelines(f"{line}\n" for line in more)

    def join(self, wanted: Wanted | None = None) -> RunResult:
        result = read(self.run)
        assert isinstance(result, RunResult)
        wanted = wanted or Wanted((), (self.file,), in_json)
        result = replace(result, run=str(self.run))
        return asyncio.run(join_after(result, LOADED, wanted, TO, None, self.said.append, self.sleep))


def test_it_looks_again_until_all_are_there(tmp_path: Path) -> None:
    ending = Ending(tmp_path, [report(0, 5.0)], [report(n, 5.0) for n in (1, 2)])
    joined = ending.join().join
    assert joined
    assert joined.found == 3
    assert ending.slept == list(LOOKS[:2])
    assert ending.said == [
        Reason.of("join_waits", found=0, count=3, seconds=LOOKS[0]),
        Reason.of("join_waits", found=1, count=3, seconds=LOOKS[1]),
    ]


def test_it_does_not_wait_for_ever(tmp_path: Path) -> None:
    ending = Ending(tmp_path, [report(0, 5.0)])
    joined = ending.join().join
    assert joined
    assert joined.found == 1
    assert ending.slept == list(LOOKS)


def test_a_failure_is_said_and_the_result_stays(tmp_path: Path) -> None:
    ending = Ending(tmp_path)
    result = ending.join(Wanted((), (tmp_path / "none.log",), in_json))
    assert result.join is None
    [said] = ending.said
    assert result.warnings[0] == said  # also for who sees no progress
    assert said.code == "not_joined"
    assert "none.log: cannot be read" in str(said.values["error"])


def test_a_refusal_is_said_without_what_is_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*arguments: Any) -> None:
        raise TargetError("denied to canary")

    monkeypatch.setattr(joining, "join", refused)
    monkeypatch.setattr(LOADED.secrets, "hide", lambda text: text.replace("canary", "..."))
    ending = Ending(tmp_path)
    assert ending.join().join is None
    assert ending.said == [Reason.of("not_joined", error="denied to ...")]


def looked(folder: Path, content: bytes) -> tuple[list[str], bool]:
    """The lines of a file, and whether there was more than that."""
    (folder / "x.log").write_bytes(content)
    file = LogFile(folder / "x.log")

    async def every() -> list[str]:
        return [line async for line in file.lines({})]

    return asyncio.run(every()), file.cut


def test_a_line_of_json_is_whole_and_another_that_is_cut_is_told(tmp_path: Path) -> None:
    long = b'{"events": [' + b" " * LINE + b"]}"
    assert looked(tmp_path, long + b"\nx\n") == ([f"{long.decode()}\n", "x\n"], False)
    lines, cut = looked(tmp_path, b"x" * LINE + b"\n" + b"y\n")
    assert (len(lines), cut) == (2, True)


def test_a_line_beyond_the_bound_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "LONGEST", 100)
    lines, cut = looked(tmp_path, b"[" + b" " * 150 + b"]")
    assert ([len(line) for line in lines], cut) == ([100, 52], True)


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", "https://logs.eu-west-1.amazonaws.com"),
        ("cn-north-1", "https://logs.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_where_a_regions_logs_are(region: str, url: str) -> None:
    assert logs_url(region) == url
