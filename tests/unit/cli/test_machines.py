"""`--on` and `--nodes`, before there is any machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from click import UsageError
from click.testing import CliRunner, Result
from scripted_nodes import ABOUT

from loadgen.cli.capacity import command as capacity
from loadgen.cli.check import command as check
from loadgen.cli.machines import PLACE, machines
from loadgen.cli.run import command as run
from loadgen.cli.tune import command as tune
from loadgen.clock import MILLISECOND, SECOND
from loadgen.errors import PlanError
from loadgen.fleet.nodes import Nodes, RemoteNode
from loadgen.profile.load import from_url
from loadgen.report.terminal.check import nodes_text
from loadgen.result.check import CheckResult
from loadgen.result.codec import from_json
from loadgen.trust.host import Ports, Room

URL = "http://127.0.0.1:1/"


@pytest.mark.parametrize("on", ["ray", "auto", "10.0.0.7:6379", "head.example:6379", "[::1]:6379"])
def test_places_of_a_cluster(on: str) -> None:
    assert PLACE.fullmatch(on)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nodes", "2"], "--nodes goes with --on"),
        (["--on", "ray://10.0.0.7:10001"], "expected ray, HOST:PORT of a Ray cluster, or auto in a Ray job"),
        (["--on", "10.0.0.7"], "expected ray, HOST:PORT"),
        (["--on", "ray", "--nodes", "0"], "0 is not in the range"),
    ],
)
def test_what_names_no_nodes_is_refused_before_anything_is_sent(arguments: list[str], said: str) -> None:
    ran = CliRunner().invoke(run, [URL, *arguments])
    assert ran.exit_code == 2
    assert said in ran.output


def test_a_load_that_is_shared_by_hand_is_not_given_to_nodes() -> None:
    with pytest.raises(UsageError, match="Give one of them"), machines("ray", None, from_url(URL), shared=True):
        pass


def test_a_capacity_is_measured_from_nodes_too() -> None:
    ran = CliRunner().invoke(capacity, [URL, "--keep", "p99 < 1s", "--on", "10.0.0.7"])
    assert (ran.exit_code, "expected ray, HOST:PORT" in ran.output) == (2, True)


@pytest.mark.parametrize("header", ["x-api-key: s3cr3t-typed", "authorization: Bearer s3cr3t-typed"])
def test_a_secret_that_is_typed_is_refused_before_ray_starts(header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadgen.runner.nodes.connected", None)
    ran = CliRunner().invoke(run, [URL, "-H", header, "--on", "ray"])
    assert isinstance(ran.exception, PlanError)
    said = str(ran.exception)
    assert "-H 'x-api-key: ${API_KEY}'" in said
    assert "HEADER_1" not in said
    assert "s3cr3t" not in said


@contextmanager
def two(on: str, count: int | None) -> Iterator[Nodes]:
    """Two nodes, the second one's clock 3 s ahead, with fewer ports."""
    link: Any = None
    rooms = Room(65_536, Ports(28_232, 12, True)), Room(4096, Ports(5000, 0, True))
    made = [RemoteNode(n, link, replace(ABOUT, address=f"10.0.0.{n}", room=room), 2) for n, room in enumerate(rooms, 1)]
    for number, node in enumerate(made):
        node.clock.add(0, MILLISECOND + 3 * number * SECOND, 2 * MILLISECOND)
    yield Nodes(made)


def checked(monkeypatch: pytest.MonkeyPatch, *arguments: str, url: str = URL, rate: str = "100/s") -> Result:
    monkeypatch.setattr("loadgen.runner.nodes.connected", two)
    return CliRunner().invoke(check, [url, "--rate", rate, "--for", "60s", "--on", "10.0.0.7:6379", *arguments])


def test_what_each_node_would_get_is_told_and_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = json.loads(checked(monkeypatch, "--json", "--workers", "2").output)
    assert (plan["workers"], plan["connections"]["most"]) == (4, 2 * 2500)
    first, second = plan["nodes"]
    assert first == {
        "node": 1, "host": "host", "address": "10.0.0.1", "cpus": 2, "workers": 2, "rate": 50.0, "descriptors": 65_536,
        "ports": {"count": 28_232, "resting": 12, "reused_on_loopback": True},
        "clock_ahead_ms": 0.0, "clock_error_ms": 1.0,
    }  # fmt: skip
    assert (second["clock_ahead_ms"], second["ports"]["count"]) == (3000.0, 5000)
    screen = checked(monkeypatch).output
    assert "by 2 workers · nothing was sent" in screen
    assert "each of 2 nodes gets 1 worker and 50/s at most: 10.0.0.1, 10.0.0.2" in screen
    (first, _) = from_json(CheckResult, plan).nodes
    assert nodes_text([first]) == "1 node gets 2 workers and 50/s at most: 10.0.0.1"
    page = checked(monkeypatch, "--full").output
    assert [line.split() for line in page.splitlines() if "10.0.0." in line] == [
        ["1", "10.0.0.1", "1", "50/s", "2", "65,536", "28,232", "12", "0.000", "±", "1.000"],
        ["2", "10.0.0.2", "1", "50/s", "2", "4,096", "5,000", "0", "3000.000", "±", "1.000"],
    ]
    assert "this machine: " not in page


def test_a_node_without_enough_ports_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    called = checked(monkeypatch, "--set", "session=per-request", url="http://192.0.2.1/", rate="500/s")
    assert isinstance(called.exception, PlanError)
    assert str(called.exception).startswith("node 2 (10.0.0.2): session.reuse: per-request would open 15,000")


def test_a_tuning_comes_from_this_machine() -> None:
    ran = CliRunner().invoke(tune, ["orders", "--on", "ray"])
    assert (ran.exit_code, "takes no --on: its calls are few" in ran.output) == (2, True)
