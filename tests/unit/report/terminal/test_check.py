"""What `loadgen check` prints: columns that stay apart, whatever is in them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planned import PHASE, plan

from loadgen.errors import PlanError
from loadgen.experiment.check import check
from loadgen.net.names import Address
from loadgen.profile.load import load
from loadgen.report.terminal.check import render_check
from loadgen.result.check import CheckResult, PlannedRequest
from loadgen.result.run import PlannedRate
from loadgen.trust.host import Ports

USERS = replace(PHASE, name="users", kind="closed", rate=None, users=10, iterations=None, quantiles=())


def test_every_phase_is_a_row_of_the_same_columns() -> None:
    long = replace(PHASE, name="x" * 64, rate=PlannedRate(200_000, 2_000_000), iterations=123_456_789)
    lines = render_check(plan(PHASE, USERS, long)).splitlines()
    heading = next(line for line in lines if line.startswith("  phase"))
    rows = lines[lines.index(heading) + 1 :][:3]
    for title in ("load", "percentiles"):
        at = heading.index(title)
        assert all(row[at - 1] == " " != row[at] for row in rows), rows
    assert rows[0].split() == ["steady", "200/s", "poisson", "5", "s", "958", "p50", "p99"]
    assert rows[1].endswith("  10 users                         5 s     unknown depends on the answers")
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("width", [60, 80, 100])
def test_it_is_as_wide_as_the_terminal_and_no_number_is_cut(width: int) -> None:
    long = replace(PHASE, name="x" * 64, rate=PlannedRate(200_000, 2_000_000), iterations=123_456_789)
    checked = replace(plan(PHASE, USERS, long), experiment=experiment("[10, 20]").experiment)
    lines = render_check(checked, width).splitlines()
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    assert {"123,456,789", "200000/s..2000000/s", "14,263", "3,100"} <= {*words}


@pytest.mark.parametrize("host", ["abc.execute-api.eu-west-1.amazonaws.com", "abc.lambda-url.eu-west-1.on.aws"])
def test_what_aws_asks_for_is_said(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadgen.experiment.check.resolve", lambda origin: (Address(2, ("192.0.2.1", 443)),))
    load_of = "load: [{name: a, rate: 1/s, for: 1s}]\n"
    said = [render_check(check(load("p.yaml", text=f"name: p\ntarget: https://{of}\n{load_of}").profile))
            for of in (host, "api.example.com")]  # fmt: skip
    assert ["https://aws.amazon.com/ec2/testing/" in text for text in said] == [True, False]
    of_api = "execute-api" in host
    assert ["$context.integration.requestId" in text for text in said] == [of_api, False]


def test_how_long_a_tail_takes_to_be_known() -> None:
    text = render_check(plan(PHASE))
    assert "  steady               interval: p99 needs 8 s, p99.9 long enough, p99.99 long enough\n" in text
    assert (
        "                       tail within 10 %: p99 needs 3.17 min, p99.9 needs 1,067 h, p99.99 long enough\n" in text
    )
    assert "a phase has to run" not in render_check(plan(USERS))


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


def experiment(rounds: str, more: str = "") -> CheckResult:
    loaded = load("t.yaml", text=EXPERIMENT.replace("ROUNDS", rounds + more))
    return check(loaded.profile, [variant.profile for variant in loaded.variants])


def checked(rounds: str, more: str = "") -> str:
    return render_check(experiment(rounds, more))


def test_what_an_experiment_is_about_is_said_before() -> None:
    lines = checked("[10, 20]").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("experiment: "))
    assert lines[at : at + 8] == [
        "experiment: 10 or 20 rounds x 2 variants = 20 or 40 runs, in turns, against shared; in all 10 min",
        "  39 s or 21 min 19 s, with pauses of 1 s",
        "  primary figure: steady response p99, as none is named",
        "  found (4 times of 5): 6 % more (6 of 100 ms) or 9 % more (9 of 100 ms), if rounds differ by 2% or",
        "    5%: the margin of 5%, or what this machine cannot tell, and 0.73 times that standard deviation",
        lines[at + 5],
        "  variant                          client   session        workers      a run  iterations     opens",
        "  shared                           wire     shared               1       31 s       3,100         -",
    ]
    assert lines[at + 5].startswith("  3,100 new connections in a minute of all runs, ")
    assert lines[at + 8].split() == ["fresh", "wire", "per-request", "1", "31", "s", "3,100", "3,100"]
    assert "steady response p50, as the profile says\n" in checked("10", ", primary: steady response p50")
    assert "  a verdict takes at least 6 rounds\n" in checked("5")


def test_many_variants_are_a_page() -> None:
    many = EXPERIMENT.replace(
        "variants: {shared: {}, fresh: {session: per-request}}, rounds: ROUNDS", "matrix: {n: [N]}"
    ).replace("name: t\n", "name: t\nseed: '${matrix.n}'\n")
    loaded = load("t.yaml", text=many.replace("N", ", ".join(map(str, range(64)))))
    checked = check(loaded.profile, [variant.profile for variant in loaded.variants])
    text = render_check(checked)
    assert "10 rounds x 64 variants = 640 runs" in text
    assert "  48 more: see --json\n" in text
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.splitlines()) < 60
    assert checked.experiment and len(checked.experiment.each) == 64


def test_a_duet_takes_its_time_once() -> None:
    loaded = load("t.yaml", text=EXPERIMENT.replace("ROUNDS", "10, duet: true"))
    experiment = check(loaded.profile, [variant.profile for variant in loaded.variants]).experiment
    assert experiment and experiment.seconds == (10 * 32 - 1,)
    assert "at the same time" in checked("10, duet: true")


def test_a_variant_that_would_be_refused_is_named() -> None:
    text = EXPERIMENT.replace("ROUNDS", "10").replace("{session: per-request}", "{session: {connections: 4000000}}")
    loaded = load("t.yaml", text=text)
    with pytest.raises(PlanError, match=r"^variant fresh: session\.connections: 4,000,000 connections need more"):
        check(loaded.profile, [variant.profile for variant in loaded.variants])


def test_ports_that_rest_are_told_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Ports(4000, 0, False)
    monkeypatch.setattr(Ports, "read", classmethod(lambda cls: few))
    assert "  3,100 new connections in a minute of all runs, 4,000 ports are free\n" in checked("10")
    short = EXPERIMENT.replace("ROUNDS", "10").replace("31s", "10s").replace("100/s", "390/s")
    loaded = load("t.yaml", text=short)
    text = render_check(check(loaded.profile, [variant.profile for variant in loaded.variants]))
    assert "new connections in a minute of all runs, 4,000 ports are free: too few, and a run would be" in text
    assert "Make experiment.pause longer" in text


def test_the_end_of_users_is_not_known_before() -> None:
    text = EXPERIMENT.replace("ROUNDS", "10").replace(
        "rate: 100/s, for: 31s, arrivals: constant", "users: 3, iterations: 9"
    )
    loaded = load("t.yaml", text=text)
    text = render_check(check(loaded.profile, [variant.profile for variant in loaded.variants]))
    assert "in all as long as they take" in text


@pytest.mark.parametrize("width", [40, 60])
def test_a_long_name_gives_way_to_its_timeout(width: int) -> None:
    name = "put-the-order-into-the-queue-" * 3
    request = PlannedRequest("s", name, None, "GET", "/", {}, "", 0, timeout_s=30)
    text = render_check(replace(plan(PHASE), requests=(request,)), width)
    assert "… (timeout 30 s)\n" in text
