"""`fleet.on_ray`, without Ray."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from loadgen.errors import Exit, LoadgenError, PlanError
from loadgen.fleet.on_ray import REASON, _enough, _node, _reason, _scratch


def test_what_ray_says_is_cut_between_two_words() -> None:
    said = _reason(RuntimeError("at first\n" + "a word and " * 40 + "."))
    assert said.endswith(("word…", "and…", "a…"))
    assert len(said) <= REASON
    assert _reason(RuntimeError("x" * 500)) == "x" * (REASON - 1) + "…"


@pytest.mark.parametrize(("said", "told"), [("first\nlast one.\n\n", "last one"), ("", "RuntimeError")])
def test_the_last_line_is_the_one_that_tells(said: str, told: str) -> None:
    assert _reason(RuntimeError(said)) == told


@pytest.mark.parametrize(
    ("count", "there", "told"),
    [
        (None, 0, "the cluster has no node with a CPU to give. Wait for one, or add one: ray start"),
        (2, 1, "--nodes 2: the cluster has 1 with a CPU to give. Ask for no more, or wait for them"),
    ],
)
def test_too_few_nodes_are_told_with_what_to_do(count: int | None, there: int, told: str) -> None:
    with pytest.raises(PlanError, match=told):
        _enough(count, there, local=False)


def test_one_that_is_started_here_has_one_node() -> None:
    with pytest.raises(PlanError, match="--nodes 2: the Ray that --on ray starts has one node"):
        _enough(2, 1, local=True)
    assert _enough(None, 1, local=True) == 1


def test_a_folder_for_rays_files_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_TMPDIR", "/nowhere")
    with pytest.raises(PlanError, match=r"no place for Ray's files: .*/nowhere.* Set RAY_TMPDIR"):
        _scratch()


class RayError(Exception):
    """As Ray's own, of which there are more."""


class GetTimeoutError(RayError): ...


class RayActorError(RayError):
    actor_init_failed = False


class ActorNotMade(RayActorError):
    actor_init_failed = True


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (GetTimeoutError("timed out"), Exit.WORKER_LOST, "node 2 was lost before the load: timed out"),
        (RayActorError("it was killed"), Exit.WORKER_LOST, "node 2 was lost before the load: it was killed"),
        (ActorNotMade("no module"), Exit.USAGE, "node 2 cannot run workers: no module. Install"),
        (RayError("no module"), Exit.USAGE, "node 2 cannot run workers: no module. Install"),
    ],
)
def test_a_node_that_dies_while_it_opens_is_lost_and_one_that_cannot_is_refused(
    error: RayError, status: Exit, told: str
) -> None:
    def get(call: object, timeout: float) -> None:
        raise error

    errors = SimpleNamespace(RayError=RayError, RayActorError=RayActorError, GetTimeoutError=GetTimeoutError)
    actor: Any = SimpleNamespace(open=SimpleNamespace(remote=lambda lend, nodes: None))
    with pytest.raises(LoadgenError, match=told) as raised:
        _node(SimpleNamespace(exceptions=errors, get=get), 2, actor, {}, lambda *_: None)  # type: ignore[arg-type, return-value]
    assert raised.value.status == status
