"""The articles' experiments as they are shipped, on the sandbox: their figures against its truth log, and against what
the articles say."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from program import FULL, VALID, run

from loadgen.clock import MILLISECOND

pytestmark = pytest.mark.real
LONG = pytest.mark.skipif(not FULL, reason="a part of minutes; set LOADGEN_FULL_TESTS=1")

NEAR = 0.05
ROUNDS = 6  # for a verdict, at the least

Row = dict[str, str]


def carried_out(folder: Path, name: str, *sets: str) -> dict[str, Any]:
    """The result of that shipped profile with a truth log, in rounds that follow close upon each other."""
    given = [f"sandbox.log={folder / 'truth.csv'}", "experiment.pause=10ms", *sets]
    options = [word for each in given for word in ("--set", each)]
    ran = run(folder, "run", name, *options, "--out", "run", "--json", "--quiet", limit=900 if FULL else 120)
    assert ran.status in VALID, ran.err
    result: dict[str, Any] = json.loads(ran.out)
    for variant in result["variants"]:
        for each in variant["rounds"]:
            sent = each["requests"]["sent"]
            assert each["requests"]["outcomes"] == {"ok": sent}
    return result


def figure(result: dict[str, Any], variant: str, metric: str, quantile: str = "mean", step: str = "") -> dict[str, Any]:
    (found,) = (
        each
        for each in result["comparison"]["figures"]
        if (each["variant"], each["metric"], each["quantile"], each["step"]) == (variant, metric, quantile, step)
    )
    return dict(found)


def averages(figure: dict[str, Any]) -> tuple[float, float]:
    """Of the baseline and of the variant, in ms, over all rounds."""
    base, other = zip(*figure["rounds"], strict=True)
    return fmean(base), fmean(other)


class Truth:
    """The truth log of an experiment whose runs all have `warm` and then `measured` requests, one after the other: the
    measured ones of each run, in the order of their coming, by whether each had a connection of its own: to the
    sandbox, or from its function to the service behind. A round that was run again, as this machine was too busy, is
    left out, as it is from the result."""

    def __init__(self, folder: Path, result: dict[str, Any], warm: int, measured: int, operation: str = "") -> None:
        with (folder / "truth.csv").open(newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["operation"] == operation]
        rows.sort(key=lambda row: int(row["received_ns"]))
        each = warm + measured
        assert len(rows) % each == 0
        runs = [rows[start : start + each] for start in range(0, len(rows), each)]
        variants = len(result["variants"])
        for number in result["experiment"]["again"]:
            del runs[(number - 1) * variants : number * variants]
        self.kept, self.fresh = list[list[Row]](), list[list[Row]]()
        for found in runs:
            connections = len({row["connection"] for row in found})
            behind = {row["downstream_opened"] for row in found[warm:]}
            assert connections in (1, each), "a run is of one kind"
            assert len(behind) == 1
            (self.fresh if connections == each or "1" in behind else self.kept).append(found[warm:])

    @property
    def ratio(self) -> float:
        """Of a request over a new connection to one over a kept one, as the target saw them: from one's coming to the
        next one's."""
        return _apart(self.fresh) / _apart(self.kept)


def _apart(runs: list[list[Row]]) -> float:
    """The mean time between one request and the next, in ms."""
    found = [
        (int(after["received_ns"]) - int(before["received_ns"])) / MILLISECOND
        for rows in runs
        for before, after in pairwise(rows)
    ]
    return fmean(found)


def _simulated(runs: list[list[Row]], handshake: float = 0) -> float:
    """The mean of what was simulated for a request and the opening of its connection, in ms."""
    return handshake + fmean(
        (int(row["intended_ns"]) - int(row["received_ns"])) / MILLISECOND for rows in runs for row in rows
    )


def judged_slower(result: dict[str, Any], found: dict[str, Any]) -> None:
    """Beyond the margin for certain; and so the verdict, unless this machine was too busy to be believed."""
    assert found["ratio_low"] > 1.05, found
    told = {check["check"]: check["ok"] for check in result["comparison"]["checks"]}
    told.pop("trust")
    assert all(told.values()), result["comparison"]["checks"]
    assert found["verdict"] == ("slower" if result["comparison"]["valid"] else "none")


def test_one_put(tmp_path: Path) -> None:
    """10 ms and 33 ms."""
    result = carried_out(tmp_path, "yan-cui-keepalive", f"experiment.rounds={ROUNDS}", "load.puts.iterations=15")
    truth = Truth(tmp_path, result, 3, 15, "PutItem")
    assert len(truth.kept) == len(truth.fresh) == ROUNDS
    found = figure(result, "fresh", "service", step="put")
    kept, fresh = averages(found)
    assert fresh / kept == pytest.approx(truth.ratio, rel=NEAR)
    least_kept, least_fresh = _simulated(truth.kept), _simulated(truth.fresh, 3 * 7.667)
    assert least_kept == pytest.approx(10, rel=NEAR)
    assert least_fresh == pytest.approx(33, rel=NEAR)
    assert kept >= least_kept, "faster than the target can have been"
    assert fresh >= least_fresh
    judged_slower(result, found)


@LONG
def test_ten_puts(tmp_path: Path) -> None:
    """60 ms and 180 ms for ten in a row, each ten timed as a whole."""
    result = carried_out(tmp_path, "yan-cui-ten-puts", "experiment.rounds=2", "load.tens.iterations=3")
    truth = Truth(tmp_path, result, 10, 30, "PutItem")
    found = figure(result, "fresh", "iteration")
    kept, fresh = averages(found)
    assert fresh / kept == pytest.approx(truth.ratio, rel=NEAR)
    least_kept, least_fresh = 10 * _simulated(truth.kept), 10 * _simulated(truth.fresh, 3 * 4)
    assert least_kept == pytest.approx(60, rel=NEAR)
    assert least_fresh == pytest.approx(180, rel=NEAR)
    assert kept >= least_kept
    assert fresh >= least_fresh


def test_tables_listed_from_afar(tmp_path: Path) -> None:
    """9.864 s and 26.594 s for a hundred."""
    calls = 100 if FULL else 5
    result = carried_out(
        tmp_path, "list-tables", f"experiment.rounds={ROUNDS}", f"load.lists.iterations={calls}",
        "experiment.variants.resumed=",
    )  # fmt: skip
    truth = Truth(tmp_path, result, 1, calls, "ListTables")
    found = figure(result, "fresh", "service", step="list")
    kept, fresh = averages(found)
    assert fresh / kept == pytest.approx(truth.ratio, rel=NEAR)
    assert fresh / kept == pytest.approx(26.594 / 9.864, rel=NEAR)
    assert 100 * kept == pytest.approx(9_864, rel=NEAR)
    assert 100 * fresh == pytest.approx(26_594, rel=NEAR)
    judged_slower(result, found)


@LONG
def test_resumed_sessions_fit_the_same_figures(tmp_path: Path) -> None:
    """Two longer round trips instead of three."""
    result = carried_out(
        tmp_path, "list-tables", "experiment.rounds=2", "load.lists.iterations=3", "experiment.variants.fresh=",
        "experiment.variants.resumed.sandbox.log=",
    )  # fmt: skip
    kept, resumed = averages(figure(result, "resumed", "service", step="list"))
    assert resumed / kept == pytest.approx(26.594 / 9.864, rel=2 * NEAR)
    (variant,) = (each for each in result["variants"] if each["name"] == "resumed")
    for each in variant["rounds"]:
        assert each["connections"]["resumed"] == each["requests"]["sent"] - 1, "all but the very first"


@pytest.mark.parametrize(
    ("name", "phase", "step", "recorded", "connection"),
    [("yan-cui-lambda", "puts", "put", "db", 23), ("https-keepalive", "gets", "get", "get", 40)],
)
def test_through_a_function(tmp_path: Path, name: str, phase: str, step: str, recorded: str, connection: float) -> None:
    """Our own connection is kept in both variants, and the function's is told of by itself alone."""
    result = carried_out(tmp_path, name, "experiment.rounds=2", f"load.{phase}.iterations=20")
    truth = Truth(tmp_path, result, 1, 20)
    behind = {"keep-alive": _behind(truth.kept), "fresh": _behind(truth.fresh)}
    assert behind["fresh"] - behind["keep-alive"] == pytest.approx(connection, rel=0.2), "so few are not the mean"
    kept, fresh = averages(figure(result, "fresh", "service", step=step))
    assert fresh - kept == pytest.approx(behind["fresh"] - behind["keep-alive"], rel=0.2)
    calls, cold = 0, 0
    for variant in result["variants"]:
        told = []
        for each in variant["rounds"]:
            assert each["connections"]["opened"] == each["connections"]["preopened"] == 1
            whole = json.loads((tmp_path / "run" / each["folder"] / "result.json").read_text())
            (measured,) = (found for found in whole["variants"][0]["phases"] if found["measured"])
            (only,) = measured["steps"]
            strata = {stratum["stratum"]: stratum["count"] for stratum in only["strata"]}
            assert strata == {f"cold=false, opened={int(variant['name'] == 'fresh')}": 20}
            told.append(only["recorded_ms"][recorded]["mean"])
            counted = whole["target"]["sandbox"]
            calls, cold = calls + counted["downstream"]["calls"], cold + counted["cold_starts"]
        assert fmean(told) == pytest.approx(behind[variant["name"]], rel=1e-3)
    begun = 1 not in result["experiment"]["again"]  # with the first of these runs, and not with one that is left out
    assert (cold, calls) == (int(begun), 2 * 2 * 21), "one environment serves both"


def _behind(runs: list[list[Row]]) -> float:
    """The mean of what the function's call took, in ms."""
    return fmean(int(row["downstream_ns"]) / MILLISECOND for rows in runs for row in rows)


@LONG
def test_what_is_made_once(tmp_path: Path) -> None:
    """A token is a call more; a client, or a session, is CPU of our own and a connection."""
    result = carried_out(tmp_path, "client-once", "experiment.rounds=2", "load.calls.iterations=3")
    found = {
        (part["variant"], part["part"]): part["variant_ms"]
        for part in result["comparison"]["parts"]
        if part["step"] == "put"
    }
    assert found["session", "build"] > found["client", "build"] > 0
    assert ("token", "build") not in found
    assert found["client", "connect"] > 2, "TCP and TLS 1.3 take two round trips of 1 ms"
    for variant in ("token", "client", "session"):
        base, other = averages(figure(result, variant, "iteration"))
        assert other > base
