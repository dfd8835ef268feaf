"""Every number, null and verdict of a result is what it was when it was recorded, path by path.

`CHANGED` and `before` are the only places that a new schema has to touch.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from golden import inputs, record
from golden.before import before
from loadgen.exchange import Outcome
from loadgen.profile.values import LATENCIES
from loadgen.record.metrics import Metric
from loadgen.result.documents import result_schema

# what may differ: a pattern of whole paths, and why
CHANGED: list[tuple[str, str]] = [
    (r"target\.sandbox\.(connections|tls)(\.\w+)?", "what the case tells of them was not what a sandbox counts"),
    (r"(after \d+\.)?comparison\.figures\[\d+\]\.resampled(\..+)?", "there is no second interval any more"),
    (
        r".*whose_ms\.p[\d.]+\.(target|connect|wait|build|held|own|own_at_least|requests|handshake)",
        "this machine's part was that of the exchanges about the percentile, and the CPU time of handshakes was in it",
    ),
]
# `ours` and `connect`, which `before` puts together from figures that were rounded each
SUMMED, ROUNDED = re.compile(r".*comparison\.parts\[\d+\]\.\w+_ms"), 2e-6
OF_EACH_KIND = (
    "virtual-every-outcome", "virtual-censored-tail", "virtual-table", "virtual-watched", "recorded-until",
    "recorded-witness", "recorded-killed-parent", "experiment-scaling", "experiment-slower", "recorded-keepalive",
    "pair-http-wire-http-aiohttp",
)  # fmt: skip
VALIDATOR = Draft202012Validator(result_schema())
LATER = {"target", "ttfb"}  # metrics that the expected documents are older than
SHOWN = 10  # of the differences
WORD = re.compile(r"[\w.%/=+<>-]{1,48}")  # a status, a verdict, a name: compared as it is
WHOLE = {"value", "text"}  # the keys of texts that are a figure with its unit, or what was asked
INDEX = re.compile(r"\[[0-9]+\]")
NUMBER = re.compile(r"(?<![\w.])[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?")  # in a sentence, which may be put in other words

Flat = dict[str, Any]


class Nothing:
    def __repr__(self) -> str:
        return "nothing"


NOTHING = Nothing()


def flat(value: Any, path: str = "", into: Flat | None = None) -> Flat:
    """What is compared, by its path: of a sentence the numbers in it, of anything else the value itself."""
    found: Flat = {} if into is None else into
    if isinstance(value, dict) and value:
        for key, item in value.items():
            flat(item, f"{path}.{key}" if path else key, found)
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            flat(item, f"{path}[{number}]", found)
    elif isinstance(value, str) and not (WORD.fullmatch(value) or path.rpartition(".")[2] in WHOLE):
        if numbers := NUMBER.findall(value):
            found[path] = [number.rstrip("0").rstrip(".") if "." in number else number for number in numbers]
    else:
        found[path] = value
    return found


@cache
def expected(name: str) -> Flat:
    return flat(record.expected(name))


def differences(then: Flat, now: Flat) -> list[str]:
    """Path, what it was and what it is. 1 and 1.0 and true are three values."""
    found = []
    for path in dict.fromkeys((*then, *now)):
        was, has = then.get(path, NOTHING), now.get(path, NOTHING)
        same = type(was) is type(has) and (was == has or _rounded(path, was, has))
        if not (same or any(re.fullmatch(pattern, path) for pattern, _ in CHANGED)):
            found.append(f"{path}: was {was!r}, is {has!r}")
    return found


def _rounded(path: str, was: Any, has: Any) -> bool:
    return isinstance(was, float) and bool(SUMMED.fullmatch(path)) and abs(was - has) < ROUNDED


@pytest.mark.parametrize("name", sorted(inputs.BUILDERS))
def test_every_figure_is_what_it_was(name: str, tmp_path: Path) -> None:
    then = expected(name)
    found = differences(then, flat(before(inputs.document(name, tmp_path))))
    more = f"\n... and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    assert not found, f"{len(found)} of {len(then)} differ:\n" + "\n".join(found[:SHOWN]) + more


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_a_result_is_as_its_schema_says(name: str, tmp_path: Path) -> None:
    document = inputs.document(name, tmp_path)
    errors = [f"{error.json_path}: {error.message[:200]}" for error in VALIDATOR.iter_errors(document)]
    assert errors == []


def test_a_difference_is_found_wherever_it_is() -> None:
    then = {
        "a": [{"p99": 1.5, "why": "needs 1,000 requests", "status": "passed", "value": "9 ms", "none": None}],
        "b": [],
    }
    assert differences(flat(then), flat(then)) == []
    now = {
        "a": [{"p99": 1.6, "why": "takes 100 requests", "status": "failed", "value": "8 ms", "none": 0}],
        "b": [1],
        "c": 2,
    }
    assert differences(flat(then), flat(now)) == [
        "a[0].p99: was 1.5, is 1.6",
        "a[0].why: was ['1,000'], is ['100']",
        "a[0].status: was 'passed', is 'failed'",
        "a[0].value: was '9 ms', is '8 ms'",
        "a[0].none: was None, is 0",
        "b: was [], is nothing",
        "b[0]: was nothing, is 1",
        "c: was nothing, is 2",
    ]
    assert flat({"why": "needs 1,000 requests"}) == flat({"why": "it takes at least 1,000.00"}), "in other words"
    assert differences({"a": 1, "b": True}, {"a": 1.0, "b": 1}) == ["a: was 1, is 1.0", "b: was True, is 1"]


def test_what_may_differ_says_why() -> None:
    assert all(re.compile(pattern) and why for pattern, why in CHANGED)


# what the cases are of


@cache
def by_place(kind: str) -> dict[str, set[Any]]:
    """All values of the cases whose names begin with `kind`, by path, whatever the index in a list."""
    found: dict[str, set[Any]] = {}
    for name in (name for name in inputs.BUILDERS if name.startswith(kind)):
        for path, value in expected(name).items():
            if not isinstance(value, list):
                found.setdefault(INDEX.sub("", path), set()).add(value if value != {} else None)
    return found


def values(pattern: str, kind: str = "") -> set[Any]:
    """The values at the paths that end so."""
    end = re.compile(rf"(?:.*\.)?{pattern}")
    return {value for path, found in by_place(kind).items() if end.fullmatch(path) for value in found}


def names(pattern: str, kind: str = "") -> set[str]:
    """What the group in the pattern is, at the paths that have a value which is neither null nor 0."""
    end = re.compile(rf"(?:.*\.)?{pattern}")
    matches = (end.fullmatch(path) for path, found in by_place(kind).items() if any(found))
    return {match[1] for match in matches if match}


def test_there_is_a_case_of_everything() -> None:
    assert len(inputs.BUILDERS) >= 100
    assert sum(name.startswith("virtual-") for name in inputs.BUILDERS) >= 40
    assert sum(name.startswith("recorded-") for name in inputs.BUILDERS) >= 30
    assert {path.name for path in record.EXPECTED.iterdir()} == {record.path_of(name).name for name in inputs.BUILDERS}


def test_all_outcomes_and_metrics_occur() -> None:
    assert names(r"requests\.outcomes\.(\w+)") == {outcome.word for outcome in Outcome}
    assert names(r"latency_ms\.(\w+)\.count") == {metric.word for metric in Metric} - {"iteration", *LATER}
    assert names(r"iteration_ms\.latency\.(p50)")
    assert names(r"recorded_ms\.(\w+)\.p50") >= {"fn", "db", "function"}
    assert names(r"strata\.latency_ms\.(\w+)\.p50") == {"response", "service"}
    assert names(r"by_connection\.(\w+)\.count") == {"new", "reused", "resumed"}


def test_all_shapes_of_load_occur() -> None:
    assert values("kind", "virtual") >= {"open", "closed", "at-once"}
    assert values("kind", "recorded") >= {"open", "closed", "at-once", "experiment"}
    assert values("arrivals") == {"poisson", "constant", None}
    assert values("cycles") >= {1, 2} and values("measured") == {True, False}
    assert values(r"rate\.planned_end") >= {200.0, 10.0} and values("users") > {None, 3, 5}
    assert names(r"iterations\.unsent_why\.(.+)") == {"in-flight limit", "stopped"}
    assert names(r"skipped\.(\w+)") == {"failed_step", "stopped"}


def test_all_statuses_and_verdicts_occur() -> None:
    assert values(r"thresholds\.status", "virtual") == {"passed", "failed", "undecided"}
    asked = {text.partition(" ")[0] for text in values(r"thresholds\.text", "virtual")}
    assert asked == {*LATENCIES, "errors", "rate"} - LATER
    assert any("/" in text for text in values(r"thresholds\.text", "experiment"))
    assert values(r"thresholds\.status", "experiment") == {"passed", "failed", "undecided"}
    assert (
        values(r"trust\.verdict", "virtual")
        == values(r"trust\.verdict", "recorded")
        == {"VALID", "DEGRADED", "INVALID"}
    )
    assert values(r"figures\.verdict", "experiment") >= {
        "slower",
        "faster",
        "equivalent",
        "inconclusive",
        "none",
    }
    assert values("exit_status") >= {None, 0, 3, 4, 5, 6, 130}
    assert values("complete") == values("interrupted") == {True, False}
    assert values("says") >= {"inside"}


def test_censored_and_uncertain_figures_occur() -> None:
    assert names(r"response\.above\.([\w.]+)") >= {"mean", "p50", "p90", "p99", "p99.9", "max"}
    assert names(r"intervals\.p50\.(\w+)") >= {"low", "high"}
    assert names(r"response\.(p99\.9)") and None in values(r"response\.p99\.9")
    assert names(r"whose_ms\.([\w.]+)\.value") == {"p50", "p99", "p99.9"}
    assert names(r"attempts\.(\w+)") >= {"operations", "attempts", "per_operation"}
    assert names(r"capacity\.(\w+)") == {"sampled_calls", "read_units", "write_units"}


def test_all_clients_and_sessions_occur() -> None:
    recorded = [expected(name) for name in inputs.BUILDERS if name.startswith("recorded")]
    found = {(each.get("client"), each.get("session.reuse")) for each in recorded}
    reuses = ("shared", "per-iteration", "per-request")
    assert found >= {(client, reuse) for client in ("wire", "aiohttp", "sdk") for reuse in reuses}
