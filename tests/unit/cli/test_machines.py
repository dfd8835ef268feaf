"""`--on` and `--nodes`, before there is any machine."""

from __future__ import annotations

import pytest
from click import UsageError
from click.testing import CliRunner

from loadgen.cli.capacity import command as capacity
from loadgen.cli.machines import PLACE, machines
from loadgen.cli.run import command as run
from loadgen.errors import PlanError
from loadgen.profile.load import from_url

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
