"""What is over leaves nothing behind that is large, although it may stand among the deadlines for long."""

from __future__ import annotations

from engine_harness import go

from loadgen.clock import SECOND
from loadgen.exchange import Exchange
from loadgen.transport.scripted import NEVER, Reply


def script(x: Exchange) -> Reply:
    """One in ten is never answered."""
    return Reply(after=NEVER if x.due // SECOND % 10 == 0 else 1)


def test_what_is_over_holds_no_connection() -> None:
    scenario = {"name": "s", "steps": [{"name": name, "get": "/", "timeout": "30s"} for name in "ab"]}
    run = go({"load": [{"name": "a", "rate": "1/s", "for": "60s"}], "scenarios": [scenario]}, script)
    assert {x.outcome.word for x in run.exchanges} == {"ok", "timeout"}
    assert [x for x in run.exchanges if x.link] == []
