"""`fleet.messages`: each of them survives the pipe, and none is forgotten here."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from backlogs import Story, plain

from loadgen.aws.auth import API_KEY, SIGV4, Access, Scope, Token
from loadgen.aws.credentials import Credentials
from loadgen.engine.engine import Share
from loadgen.errors import LoadgenError, ProfileError
from loadgen.exchange import Outcome
from loadgen.fleet.aggregation import Begin, Counted, HandIn, Named, Recorded, ToAggregator
from loadgen.fleet.messages import (
    Assignment,
    Beat,
    Broken,
    Bye,
    Enter,
    Failures,
    Finished,
    FromWorker,
    Go,
    Halted,
    Idled,
    Kill,
    Leave,
    NewSeries,
    Reached,
    Ready,
    Refused,
    Renew,
    Resume,
    Stop,
    ToWorker,
    Vitals,
)
from loadgen.fleet.pipe import Pipe
from loadgen.net.names import Origin, resolve
from loadgen.profile.load import load
from loadgen.record.exemplars import Exemplar, OfSlot
from loadgen.record.recorder import Batch, SeriesKey, Timing
from loadgen.record.samples import Kept, Sample

TEXT = """name: p
target: http://127.0.0.1:9
load: [{name: a, rate: 1/s, for: 1s}]
"""
ORIGIN = Origin.of("http://127.0.0.1:9")
ACCESS = Access(Scope("execute-api", "eu-west-1"), {SIGV4: Credentials("access", "secret", "session")})
SAMPLE = Sample(
    0, "reset", "gone", "GET", "/", 0, 1.5, 1, "new", {"response": 7}, "id", {"server": "x"}, "/other", "message", None
)  # fmt: skip
KEPT = OfSlot(0, 1000, 1, 5, [Exemplar(9, 2, 10**18, 1, "new", {"echoed": "x"}, {"response": 9})], [])
TO_WORKER: list[ToWorker] = [
    Assignment(
        load("p.yaml", text=TEXT).profile, ORIGIN, resolve(ORIGIN), Path("/ca.pem"), Share(1, 3, 50, 7), 10, 2,
        Path("/run/worker-1.counters"), (5, 6), ACCESS, 10**12,
    ),
    Go(10**18), Renew(API_KEY, Token("key", 9)), Enter(2, 10**18), Resume(10**18), Leave(1, 10**18),
    Stop(), Kill(), Beat(), Bye(),
]  # fmt: skip
FROM_WORKER: list[FromWorker] = [
    Ready(), Idled((20_000, 4_000_000)), Reached(3), Halted(),
    Batch(bytes(range(256)) * 8, ((1, 2, 3, 4), (5, 6, 7, 8))),
    NewSeries(4, SeriesKey(1, Outcome.OK, 2, "cold=true")), Failures({(0, int(Outcome.RESET), "gone"): 12}),
    Vitals({"elapsed": 10**9, "cpu": 5}, 17, 4, {"connects": 1, "least_rtt": None}), Vitals({}, 0, 0, None),
    Refused("ExpiredToken"),
    Finished(Kept([SAMPLE], [SAMPLE], {(0, 1, "gone"): 1}, [KEPT]), {"versions": {"aioboto3": "1"}}),
]  # fmt: skip


TO_AGGREGATOR: list[ToAggregator] = [
    Begin(10**18), Named(1, 4, SeriesKey(1, Outcome.OK, 2, "cold=true"), Timing(5, 6, 7)),
    Recorded(2, Batch(bytes(range(256)), ((1, 2, 3, 4),))), HandIn(),
]  # fmt: skip


async def sent_through_a_pipe(message: Any) -> Any:
    loop, (ours, theirs) = asyncio.get_running_loop(), socket.socketpair()
    received = loop.create_future()
    here: Pipe[Any, Any] = Pipe(loop, ours, received.set_result, lambda: None)
    there: Pipe[Any, Any] = Pipe(loop, theirs, lambda message: None, lambda: None)
    there.send(message)
    try:
        async with asyncio.timeout(10):
            return await received
    finally:
        here.close()
        there.close()


@pytest.mark.parametrize("message", [*TO_WORKER, *FROM_WORKER], ids=lambda message: type(message).__name__)
async def test_a_message_arrives_as_it_was_sent(message: ToWorker | FromWorker) -> None:
    arrived = await sent_through_a_pipe(message)
    assert type(arrived) is type(message)
    assert arrived == message
    assert arrived is not message


@pytest.mark.parametrize(
    "error", [LoadgenError("bug"), ProfileError("is missing", file="p.yaml", line=3, key="tls.ca", remedy="Add it")]
)
async def test_what_broke_a_worker_arrives_with_its_status_and_its_place(error: LoadgenError) -> None:
    arrived = (await sent_through_a_pipe(Broken(error))).error
    assert (type(arrived), str(arrived), arrived.status, vars(arrived)) == (
        type(error), str(error), error.status, vars(error),
    )  # fmt: skip


@pytest.mark.parametrize("message", TO_AGGREGATOR, ids=lambda message: type(message).__name__)
async def test_a_message_to_an_aggregator_arrives_as_it_was_sent(message: ToAggregator) -> None:
    assert await sent_through_a_pipe(message) == message


async def test_counts_arrive_as_they_were_sent() -> None:
    story = Story()
    story.add()
    arrived = await sent_through_a_pipe(Counted(story.expected))
    assert plain(arrived.recording) == plain(story.expected)


def test_every_message_is_tried() -> None:
    assert {type(message) for message in TO_AGGREGATOR} == set(get_args(ToAggregator))
    assert {type(message) for message in TO_WORKER} == set(get_args(ToWorker))
    assert {type(message) for message in FROM_WORKER} | {Broken} == set(get_args(FromWorker))


def test_no_message_can_be_changed_once_it_is_made() -> None:
    kinds = {*get_args(ToWorker), *get_args(FromWorker), *get_args(ToAggregator), Counted} - {Batch}  # a NamedTuple
    assert all(is_dataclass(kind) and kind.__dataclass_params__.frozen for kind in kinds)
    assert [kind for kind in kinds if hasattr(kind(*[None] * len(kind.__match_args__)), "__dict__")] == []
