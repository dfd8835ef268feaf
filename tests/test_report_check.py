"""What `loadgen check` prints: columns that stay apart, whatever is in them."""

from __future__ import annotations

from typing import Any

from loadgen.experiment.check import check
from loadgen.profile.load import load
from loadgen.report.check import render_check

PHASE = {
    "name": "steady", "cycle": 0, "kind": "open", "measured": True, "rate": "200/s", "arrivals": "poisson",
    "users": None, "seconds": 5.0, "iterations": 958, "quantiles": ["p50", "p99"],
    "sharp": [
        {"quantile": "p99", "requests": 38032, "seconds": 190.16, "enough": False},
        {"quantile": "p99.9", "requests": 383776, "seconds": 3840000.0, "enough": False},
        {"quantile": "p99.99", "requests": 3841216, "seconds": 1.0, "enough": True},
    ],
}  # fmt: skip
USERS = {**PHASE, "name": "users", "kind": "closed", "rate": None, "users": 10, "iterations": None, "quantiles": []}


def plan(*phases: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "p", "target": "http://127.0.0.1:9", "addresses": ["127.0.0.1"], "client": "wire", "session": "shared",
        "workers": 1, "seconds": 5.0, "phases": list(phases), "requests": [], "thresholds": {},
        "connections": {"most": 19936, "before_the_load": 64, "opened_in_the_busiest_minute": 0},
        "in_flight_limit": 100000, "descriptors": 20000, "ports": {"count": 28232, "resting": 14263},
    }  # fmt: skip


def test_every_phase_is_a_row_of_the_same_columns() -> None:
    long = {**PHASE, "name": "x" * 64, "rate": "200000/s..2000000/s", "iterations": 123_456_789}
    lines = render_check(plan(PHASE, USERS, long)).splitlines()
    heading = next(line for line in lines if line.startswith("  phase"))
    rows = lines[lines.index(heading) + 1 :][:3]
    for title in ("load", "percentiles"):
        at = heading.index(title)
        assert all(row[at - 1] == " " != row[at] for row in rows), rows
    assert rows[0].split() == ["steady", "200/s", "poisson", "5", "s", "958", "p50", "p99"]
    assert rows[1].endswith("  10 users                         5 s     unknown  depends on the answers")
    assert max(map(len, lines)) <= 100


def test_how_long_a_tail_takes_to_be_known() -> None:
    text = render_check(plan(PHASE))
    assert "  steady               p99 3.17 min, p99.9 1,067 h, p99.99 long enough\n" in text
    assert "a phase has to run for:" not in render_check(plan(USERS))


def test_what_this_machine_has() -> None:
    text = render_check(plan(PHASE))
    assert "\nconnections: at most 19,936, 64 opened before the load\n" in text
    assert "\nin flight: at most 100,000 iterations\n" in text
    assert "\nthis machine: 20,000 descriptors a process, 28,232 ports, 14,263 of them in TIME_WAIT\n" in text


EXPERIMENT = """name: t
target: http://127.0.0.1:9
load: [{name: steady, rate: 100/s, for: 31s, arrivals: constant}]
experiment: {variants: {shared: {}, fresh: {session: per-request}}, rounds: ROUNDS}
"""


def checked(rounds: str, more: str = "") -> str:
    loaded = load("t.yaml", text=EXPERIMENT.replace("ROUNDS", rounds + more))
    return render_check(check(loaded.profile, "1", [variant.profile for variant in loaded.variants]))


def test_what_an_experiment_is_about_is_said_before() -> None:
    lines = checked("[10, 20]").splitlines()
    at = lines.index(
        "experiment: fresh against shared, in turns, 10 or 20 rounds; primary figure: steady response p99, as"
    )
    assert lines[at + 1 : at + 4] == [
        "  none is named",
        "  found (4 times of 5): a difference that is beyond 5% by 0.66 times the standard deviation of what",
        "  the rounds differ by",
    ]
    assert "steady response p50, as the\n  profile says\n" in checked("10", ", primary: steady response p50")
    assert "  a verdict takes at least 6 rounds\n" in checked("5")
