"""The sdk client where it is unlike the others: what it sends, what is made anew, attempts of the SDK's own, whom it
trusts, what it keeps from the environment. What all clients do alike is in `test_transport_contract.py`."""

from __future__ import annotations

import asyncio
import json
import os
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.httpsession import AIOHTTPSession
from botocore.awsrequest import AWSRequest
from botocore.exceptions import SSLError
from botocore.retries.standard import ExponentialBackoff
from contract import PATIENCE, Bench, on_uvloop, until
from raw_server import Heard, Peer, RawServer, unused_port
from raw_tls import Authority, server_context

from loadgen.aws.credentials import SANDBOX, Credentials
from loadgen.aws.sigv4 import verify
from loadgen.clock import MILLISECOND, now, wall
from loadgen.exchange import BODY, NEW, NOTHING, REUSED, Exchange, Outcome, Request
from loadgen.net.counters import CLOSED_IDLE, FAILED, OPENED, PEAK
from loadgen.net.tls import client_context
from loadgen.transport.sdk.calls import BadCall, parameters
from loadgen.transport.sdk.client import Sdk
from loadgen.transport.sdk.http_session import check_host_names

pytestmark = pytest.mark.real

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
RENEWED = [
    (reuse, renew) for reuse in ("per-iteration", "per-request") for renew in ("connection", "client", "session")
]
MODES = [("shared", "connection"), *RENEWED]
NOWHERE = {
    **dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull),
    **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ""),
    "AWS_EC2_METADATA_DISABLED": "true",
}


def refusal(code: str, status: int = 400) -> bytes:
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}).encode()
    return b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body


THROTTLED = refusal("ProvisionedThroughputExceededException")


async def answer(peer: Peer) -> None:
    await peer.answer(OK)


def exchange(operation: str, body: bytes, timeout: int = 20_000, owner: object = None) -> Exchange:
    due = now()
    deadline = due + timeout * MILLISECOND
    return Exchange(Request("POST", "/", (), body, operation), 0, owner or object(), due, due, deadline, BODY)


async def call(bench: Bench, operation: str, given: dict[str, Any]) -> Exchange:
    return await bench.end(bench.launch(exchange(operation, json.dumps(given).encode())))


def with_sdk(bench: Bench, **changes: Any) -> Bench:
    """The bench with other settings of the SDK."""
    assert bench.settings.service
    if "credentials" in changes:
        keys = changes["credentials"]
        changes["credentials"] = lambda: keys
    bench.settings = replace(bench.settings, service=replace(bench.settings.service, **changes))
    return bench


@on_uvloop
async def test_credentials_that_are_renewed_sign_the_next_call() -> None:
    held = [Credentials("AKIAFIRST", "s1", "token-1"), Credentials("AKIASECOND", "s2", "token-2")]

    def keys_of(heard: Heard) -> tuple[bool, bool]:
        head = heard.head.lower()
        return b"credential=akiafirst/" in head, b"x-amz-security-token: token-2" in head

    seen: list[tuple[bool, bool]] = []

    async def script(peer: Peer) -> None:
        while True:
            seen.append(keys_of(await peer.request()))
            await peer.send(OK)

    async with RawServer(script) as server:
        bench = Bench("sdk", server.url("http"))
        assert bench.settings.service
        bench.settings = replace(bench.settings, service=replace(bench.settings.service, credentials=lambda: held[0]))
        async with bench:
            await bench.ask()
            held.pop(0)
            await bench.ask()
    assert seen == [(True, False), (False, True)]


# what is sent


@on_uvloop
async def test_a_call_goes_out_as_the_sdk_makes_it_and_signed() -> None:
    item = {
        "pk": {"S": "ä\u2028"},
        "b": {"B": "AP8="},
        "bs": {"BS": ["AA==", "AQ=="]},
        "m": {"M": {"B": {"S": "an attribute called B"}, "BS": {"L": [{"B": ""}]}}},
    }
    given = {"TableName": "t", "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    async with RawServer(answer) as server, Bench("sdk", server.url("http")) as bench:
        x = await call(bench, "PutItem", given)
        assert (x.outcome, x.body) == (Outcome.OK, b"{}")
        assert isinstance(bench.client, Sdk)
        options = bench.client.options()
    (heard,) = server.heard
    assert heard.line == "POST / HTTP/1.1"
    assert json.loads(heard.body) == given
    headers = dict(heard.headers)
    assert headers["X-Amz-Target"] == "DynamoDB_20120810.PutItem"
    assert headers["Content-Type"] == "application/x-amz-json-1.0"
    assert headers["Accept-Encoding"] == "identity"
    assert headers["User-Agent"] == options["user_agent"]
    assert headers["User-Agent"].startswith("aiobotocore/")
    assert signed(heard)
    assert not signed(Heard(heard.head, heard.body + b" "))


def signed(heard: Heard) -> bool:
    secrets = {SANDBOX.access_key: SANDBOX.secret_key}
    return verify("POST", "/", heard.headers, heard.body, secrets.get, wall(), region="eu-west-1") is None


@on_uvloop
async def test_a_session_token_is_sent() -> None:
    keys = Credentials("AKIAEXAMPLE", "secret", "token")
    async with RawServer(answer) as server, with_sdk(Bench("sdk", server.url("http")), credentials=keys) as bench:
        assert (await call(bench, "ListTables", {})).outcome is Outcome.OK
    assert dict(server.heard[0].headers)["X-Amz-Security-Token"] == "token"


@on_uvloop
async def test_each_operation_is_a_call() -> None:
    key = {"pk": {"S": "a"}}
    calls: dict[str, dict[str, Any]] = {
        "GetItem": {"TableName": "t", "Key": key, "ConsistentRead": True},
        "DeleteItem": {"TableName": "t", "Key": key},
        "UpdateItem": {"TableName": "t", "Key": key, "UpdateExpression": "SET #v = :v",
                       "ExpressionAttributeNames": {"#v": "v"}, "ExpressionAttributeValues": {":v": {"B": "AQ=="}}},
        "Query": {"TableName": "t", "Limit": 3},
        "Scan": {"TableName": "t", "Segment": 0, "TotalSegments": 2},
        "BatchGetItem": {"RequestItems": {"t": {"Keys": [key]}}},
        "BatchWriteItem": {"RequestItems": {"t": [{"PutRequest": {"Item": {**key, "b": {"B": "AQ=="}}}}]}},
        "TransactGetItems": {"TransactItems": [{"Get": {"TableName": "t", "Key": key}}]},
        "TransactWriteItems": {"TransactItems": [{"Put": {"TableName": "t", "Item": key}}], "ClientRequestToken": "a"},
        "ExecuteStatement": {"Statement": "SELECT * FROM t WHERE pk = ?", "Parameters": [{"S": "a"}]},
        "DescribeTable": {"TableName": "t"},
        "ListTables": {},
    }  # fmt: skip
    async with RawServer(answer) as server, Bench("sdk", server.url("http")) as bench:
        for operation, given in calls.items():
            x = await call(bench, operation, given)
            assert (x.outcome, x.reason) == (Outcome.OK, ""), operation
    for heard, (operation, given) in zip(server.heard, calls.items(), strict=True):
        assert dict(heard.headers)["X-Amz-Target"] == f"DynamoDB_20120810.{operation}"
        assert json.loads(heard.body) == given


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"Key": {"pk": {"B": "no base64!"}}}', b'{"a": {"BS": ["="]}}'])
def test_what_is_no_call_is_told(body: bytes) -> None:
    with pytest.raises(BadCall):
        parameters(Request("POST", "/", (), body))


# what the answer is


@on_uvloop
async def test_a_refusal_is_an_answer_for_the_judge() -> None:
    async with RawServer(lambda peer: peer.answer(THROTTLED)) as server, Bench("sdk", server.url("http")) as bench:
        for wants in (BODY, NOTHING):
            x = await bench.ask(wants=wants)
            assert (x.outcome, x.reason, x.status) == (Outcome.OK, "", 400)
            assert x.body == (THROTTLED.partition(b"\r\n\r\n")[2] if wants else None)
            assert x.excerpt == THROTTLED
        assert server.begun == 2


@on_uvloop
async def test_an_answer_that_the_sdk_cannot_read_is_a_bad_one() -> None:
    data = OK.replace(b"{}", b"{\xff")
    async with RawServer(lambda peer: peer.answer(data)) as server, Bench("sdk", server.url("http")) as bench:
        x = await bench.ask()
        assert (x.outcome, x.status) == (Outcome.BAD_RESPONSE, 200)
        assert x.reason.startswith("the SDK cannot read the answer: ")


@on_uvloop
async def test_what_the_sdk_refuses_is_not_sent_and_told_without_values() -> None:
    async with RawServer(answer) as server, Bench("sdk", server.url("http")) as bench:
        x = await call(bench, "PutItem", {"TableName": "t", "Item": {"pk": {"S": ["canary"]}}})
        assert x.outcome is Outcome.CLIENT_RESOURCE
        assert x.reason == "the SDK refuses the parameters: Invalid type for parameter Item.pk.S"
        assert x.released < x.signed <= x.done
        assert x.started == 0
        x = await call(bench, "PutItem", {"TableName": "t", "Item": {"pk": {"B": "canary"}}})
        assert x.reason.startswith("no call of the service: ")
        assert "canary" not in x.reason
        assert server.accepted == bench.wired[0] == 0
        assert (await bench.ask()).outcome is Outcome.OK


# what is made anew, and what it takes


@pytest.mark.parametrize(("reuse", "renew"), MODES)
@on_uvloop
async def test_what_a_mode_makes_anew(reuse: str, renew: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions, clients, connections; the first two beyond those of the preparation."""
    made = {"session": 0, "client": 0}
    new_session, new_client = Sdk.new_aws_session, Sdk.new_client

    def session(sdk: Sdk) -> Any:
        made["session"] += 1
        return new_session(sdk)

    async def client(sdk: Sdk, session: Any) -> Any:
        made["client"] += 1
        return await new_client(sdk, session)

    monkeypatch.setattr(Sdk, "new_aws_session", session)
    monkeypatch.setattr(Sdk, "new_client", client)
    async with RawServer(answer) as server, Bench("sdk", server.url("http"), reuse=reuse, renew=renew) as bench:
        seen: list[Exchange] = []
        for _ in range(2):
            owner = object()
            seen += [await bench.ask(owner=owner) for _ in range(3)]
            bench.client.end_iteration(owner)
        times = {"shared": 1, "per-iteration": 2, "per-request": 6}[reuse]
        assert server.accepted == bench.connections[OPENED] == times
        assert made == {
            "session": 1 + (times if renew == "session" else 0),
            "client": 1 + (times if renew != "connection" else 0),
        }
        built = [x for x in seen if x.build >= 0]
        assert built == ([x for x in seen if x.connection == NEW] if renew != "connection" else [])
        for x in built:
            assert 0 < x.build <= x.signed - x.released
        for x in seen:  # sign, wait, service, as they come in the response
            assert x.due == x.released < x.signed <= x.started <= x.connected <= x.sent <= x.done


@on_uvloop
async def test_clients_are_made_one_after_the_other() -> None:
    """To make one takes tens of milliseconds of CPU. If many came to be made in the same turn of the loop, the worker
    would be silent for seconds, and be taken for lost."""
    async with (
        RawServer(answer) as server,
        Bench("sdk", server.url("http"), reuse="per-request", renew="client") as bench,
    ):
        turns, loop = [0], asyncio.get_running_loop()

        def turn() -> None:
            turns.append(sum(x.build >= 0 for x in bench.sent))
            if turns[-1] < 12:
                loop.call_soon(turn)

        for _ in range(12):
            bench.send(timeout=PATIENCE)
        turn()
        await until(lambda: turns[-1] == 12)
        assert max(after - before for before, after in pairwise(turns)) == 1
        await until(lambda: all(x.done for x in bench.sent))


@pytest.mark.parametrize(("reuse", "renew"), MODES)
@on_uvloop
async def test_a_client_made_anew_makes_its_tls_context_anew(tmp_path: Path, reuse: str, renew: str) -> None:
    ours = Authority(tmp_path)
    made = []

    def new_context() -> Any:
        made.append(client_context(ours.ca))
        return made[-1]

    async with RawServer(answer, server_context(ours.sign("localhost", ("localhost",)))) as server:
        url, context = server.url("https", "localhost"), client_context(ours.ca)
        mode: dict[str, Any] = {"reuse": reuse, "renew": renew, "new_context": new_context}
        async with Bench("sdk", url, context=context, **mode) as bench:
            for _ in range(3):
                x = await bench.ask()
                assert x.outcome is Outcome.OK
                assert x.link.describe()["tls"] == "TLSv1.3"  # type: ignore[attr-defined]
        assert len(made) == (0 if renew == "connection" else 3)


# attempts


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK waits 10 ms between attempts."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.01)


async def operation(bench: Bench, **options: Any) -> list[Exchange]:
    """All attempts of an exchange that is sent now, when the last is over."""
    found = [bench.send(**options)]
    while True:
        await bench.end(found[-1])
        if not (following := bench.followed.get(id(found[-1]))):
            return found
        found.append(following)


RULES = [*((*mode, "standard") for mode in MODES), (*MODES[0], "legacy"), (*MODES[0], "adaptive")]


@pytest.mark.parametrize(("reuse", "renew", "rules"), RULES)
@on_uvloop
async def test_each_attempt_is_an_exchange(soon: None, reuse: str, renew: str, rules: str) -> None:
    failing = [refusal("InternalServerError", 500), refusal("InternalServerError", 503)]
    answers = [*failing, OK] * 2

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(answers.pop(0))

    kept = (reuse, renew) != ("per-request", "connection")  # a client keeps its connection for its next attempt
    given: dict[str, Any] = {"reuse": reuse, "renew": renew, "attempts": 3, "mode": rules}
    async with RawServer(script) as server, Bench("sdk", server.url("http"), **given) as bench:
        for turn in range(2):
            tries = await operation(bench)
            assert [(x.attempt, x.status, x.outcome) for x in tries] == [
                (1, 500, Outcome.OK), (2, 503, Outcome.OK), (3, 200, Outcome.OK),
            ]  # fmt: skip
            assert {x.first_due for x in tries} == {tries[0].due}
            assert 0 == tries[0].backoff < tries[1].backoff < tries[2].backoff
            for before, x in pairwise(tries):
                assert x.due - before.done == x.backoff - before.backoff
            assert [x.connection for x in tries[1:]] == [REUSED if kept else NEW] * 2
            assert tries[0].connection == (REUSED if reuse == "shared" and turn else NEW)
            assert [x.build >= 0 for x in tries] == [renew != "connection", False, False]
            bench.client.end_iteration(tries[0].owner)
        assert bench.connections[OPENED] == server.accepted == (1 if reuse == "shared" else 2 if kept else 6)
        assert bench.connections[PEAK] == 1
        assert server.begun == bench.wired[0] == 6
    numbers = [dict(heard.headers)["amz-sdk-request"].partition(";")[0] for heard in server.heard]
    assert numbers == ["attempt=1", "attempt=2", "attempt=3"] * 2


@on_uvloop
async def test_there_is_one_attempt_unless_asked() -> None:
    answers = [THROTTLED, refusal("InternalServerError", 500)]

    async def script(peer: Peer) -> None:
        for data in answers:
            await peer.request()
            await peer.send(data)
        await peer.request()
        peer.reset()

    async with RawServer(script) as server, Bench("sdk", server.url("http")) as bench:
        assert [(await bench.ask()).status for _ in range(3)] == [400, 500, 0]
        assert bench.sent[-1].outcome is Outcome.RESET
        assert server.begun == 3
        assert not bench.followed


@on_uvloop
async def test_an_attempt_without_an_answer_is_repeated(soon: None) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number < 2:
            peer.reset()
        await peer.send(OK)

    async with RawServer(script) as server, Bench("sdk", server.url("http"), attempts=3) as bench:
        tries = await operation(bench)
        assert [(x.outcome, x.connection) for x in tries] == [
            (Outcome.RESET, NEW), (Outcome.RESET, NEW), (Outcome.OK, NEW),
        ]  # fmt: skip
        assert server.begun == bench.wired[0] == 3
        assert bench.connections[CLOSED_IDLE] == 0


@on_uvloop
async def test_what_cannot_be_reached_is_tried_as_often_as_asked(soon: None) -> None:
    async with Bench("sdk", f"http://127.0.0.1:{unused_port()}", attempts=2) as bench:
        tries = await operation(bench)
        assert [(x.outcome, x.reason) for x in tries] == [(Outcome.REFUSED, "connection refused")] * 2
        assert bench.connections[FAILED] == 2


@on_uvloop
async def test_an_end_between_attempts_leaves_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came of the attempt is known; there is no other that could be cancelled."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 3600)
    async with RawServer(lambda peer: peer.answer(THROTTLED)) as server:
        async with Bench("sdk", server.url("http"), attempts=2) as bench:
            x = bench.send()
            await until(lambda: x.done)
            assert not bench.ended
            bench.client.cancel()
            assert bench.ended == [x]
            assert (x.outcome, x.reason, x.status) == (Outcome.OK, "", 400)
            again = bench.send()
            await until(lambda: again.done)
        assert [x.status for x in bench.ended] == [400, 400]


@on_uvloop
async def test_time_that_is_over_between_attempts_is_the_next_one_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.4)

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(THROTTLED)
        await peer.gone()

    async with RawServer(script) as server, Bench("sdk", server.url("http"), attempts=2) as bench:
        tries = await operation(bench, timeout=300)
        assert [(x.outcome, x.status) for x in tries] == [(Outcome.OK, 400), (Outcome.TIMEOUT, 0)]
        assert tries[1].due > tries[0].deadline


@pytest.mark.parametrize(("reuse", "renew"), MODES)
@on_uvloop
async def test_a_connection_is_another_s_while_the_sdk_waits(
    reuse: str, renew: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it is its own, as it is of an iteration and of a client that is made anew."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.3)
    lends = reuse == "shared" or (reuse, renew) == ("per-request", "connection")

    async def script(peer: Peer) -> None:
        while True:
            heard = await peer.request()
            first = b"attempt=1" in heard.head and len(server.heard) == 1
            await peer.send(THROTTLED if first else OK)

    mode: dict[str, Any] = {"reuse": reuse, "renew": renew, "connections": 1, "attempts": 2}
    async with RawServer(script) as server, Bench("sdk", server.url("http"), **mode) as bench:
        first, second = bench.send(), bench.send()
        await bench.end(first)
        assert bool(second.done) == lends
        following = bench.followed[id(first)]
        await bench.end(following)
        bench.client.end_iteration(first.owner)
        await bench.end(second)
        assert [x.status for x in (first, following, second)] == [400, 200, 200]
        assert (following.done < second.started) != lends
        assert bench.connections[PEAK] == 1
        assert server.peak == 1 or reuse != "shared"  # else the one before is closed a turn of the loop later
        assert bench.connections[OPENED] == server.accepted == (1 if reuse == "shared" else 3 if lends else 2)


@pytest.mark.parametrize("end", ["cancel", "timeout"])
@on_uvloop
async def test_an_attempt_may_wait_for_a_connection_in_vain(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.05)

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(THROTTLED)
        await peer.request()
        await peer.gone()

    async with RawServer(script) as server, Bench("sdk", server.url("http"), connections=1, attempts=2) as bench:
        first, second = bench.send(timeout=400 if end == "timeout" else 20_000), bench.send()
        await bench.end(first)
        following = bench.followed[id(first)]
        if end == "cancel":
            bench.client.cancel()
        await bench.end(following)
        outcome = Outcome.CANCELLED if end == "cancel" else Outcome.TIMEOUT
        assert (following.outcome, following.started, following.sent) == (outcome, 0, 0)
        assert "while it waited for a connection" in following.reason
        bench.client.cancel()
        await bench.end(second)
        again = bench.send()
        await until(lambda: again.sent and server.begun >= 3)
        assert bench.connections[PEAK] == 1
        assert server.begun == bench.wired[0] == 3
        bench.client.cancel()


@on_uvloop
async def test_one_that_is_closed_between_attempts_was_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.2)

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK if peer.number else THROTTLED)
        peer.close()

    async with RawServer(script) as server, Bench("sdk", server.url("http"), attempts=2) as bench:
        tries = await operation(bench)
        assert [(x.status, x.connection) for x in tries] == [(400, NEW), (200, NEW)]
        assert server.accepted == 2
        await until(lambda: bench.connections[CLOSED_IDLE] == 2)


@pytest.mark.parametrize(("reuse", "renew"), MODES)
@on_uvloop
async def test_whatever_happens_the_right_to_each_connection_is_kept(
    reuse: str, renew: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusals, resets, silence, timeouts at any moment, in any attempt: each ends once, and the cap is what it was."""

    async def iteration(bench: Bench, timeout: float) -> None:
        tries = await operation(bench, timeout=timeout)
        bench.client.end_iteration(tries[0].owner)

    chance = random.Random(f"{reuse} {renew}")
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: chance.random() / 50)
    storm, arrived, go_on = True, [], asyncio.Event()

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            if not storm:
                arrived.append(peer)
                await go_on.wait()
                await peer.send(OK)
            elif (what := chance.random()) < 0.1:
                return peer.reset()
            elif what < 0.2:
                return peer.close()
            elif what > 0.3:  # else nothing is said
                await peer.send(THROTTLED if what < 0.6 else OK)

    mode: dict[str, Any] = {"reuse": reuse, "renew": renew, "connections": 3, "attempts": 3}
    async with RawServer(script) as server, Bench("sdk", server.url("http"), **mode) as bench:
        for _ in range(2 if renew == "session" else 8):
            await asyncio.gather(*(iteration(bench, chance.random() * 60) for _ in range(6)))
        storm = False
        last = [bench.send() for _ in range(4)]
        await until(lambda: len(arrived) == 3)
        assert last[3].started == 0 or not all(x.started for x in last[:3])
        go_on.set()
        for x in last:
            assert (await bench.end(x)).status == 200
            bench.client.end_iteration(x.owner)


# whom it trusts, and where it goes


@pytest.mark.parametrize(("reuse", "renew"), MODES)
@on_uvloop
async def test_the_owner_of_another_name_gets_nothing(tmp_path: Path, reuse: str, renew: str) -> None:
    """With a context that is made anew as well."""
    ours = Authority(tmp_path)
    async with RawServer(answer, server_context(ours.sign("wrong", ("wrong.example",)))) as server:
        url, context = server.url("https", "localhost"), client_context(ours.ca)
        mode: dict[str, Any] = {"reuse": reuse, "renew": renew, "new_context": lambda: client_context(ours.ca)}
        async with Bench("sdk", url, context=context, attempts=1, **mode) as bench:
            for _ in range(2):
                x = await bench.ask()
                assert (x.outcome, x.sent) == (Outcome.TLS, 0)
                assert x.reason.startswith("certificate refused: ")
            assert bench.connections[OPENED] == bench.wired[0] == server.begun == 0


@on_uvloop
async def test_the_sdk_s_own_calls_check_names_as_well(tmp_path: Path) -> None:
    """Those for credentials, which go through a session of the SDK's."""
    check_host_names()
    check_host_names()
    ours = Authority(tmp_path)

    async def asked(certified: str) -> int:
        context = server_context(ours.sign(certified, (certified,)))
        async with RawServer(answer, context) as server, AIOHTTPSession(verify=str(ours.ca)) as session:
            request = AWSRequest("POST", server.url("https", "localhost"), data=b"{}").prepare()
            request.stream_output = False
            answered: AioAWSResponse = await session.send(request)
            return int(answered.status_code)

    assert await asked("localhost") == 200
    with pytest.raises(SSLError, match="Hostname mismatch"):
        await asked("wrong.example")


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "HTTP_PROXY", "http_proxy"])
@on_uvloop
async def test_the_environment_names_no_other_place(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, f"http://127.0.0.1:{unused_port()}")
    monkeypatch.setenv("AWS_DEFAULTS_MODE", "auto")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    monkeypatch.setenv("AWS_ENABLE_ENDPOINT_DISCOVERY", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    async with RawServer(lambda peer: peer.answer(THROTTLED)) as server, Bench("sdk", server.url("http")) as bench:
        assert (await bench.ask()).status == 400
        assert server.begun == 1


@pytest.mark.parametrize(
    ("by_account", "account", "host"),
    [
        (False, "", "dynamodb.eu-west-1.amazonaws.com"),
        (False, "123456789012", "dynamodb.eu-west-1.amazonaws.com"),
        (True, "", "dynamodb.eu-west-1.amazonaws.com"),
        (True, "123456789012", "123456789012.ddb.eu-west-1.amazonaws.com"),
    ],
)
@on_uvloop
async def test_it_goes_nowhere_but_to_the_target(by_account: bool, account: str, host: str) -> None:
    """What the SDK takes for DynamoDB's own endpoint is what it would call, were it the target."""
    keys = Credentials("AKIAEXAMPLE", "secret", account_id=account)
    async with RawServer(answer) as server:
        url = server.url("http")
        settings: dict[str, Any] = {"endpoint": None, "credentials": keys, "account_id_endpoint": by_account}
        async with with_sdk(Bench("sdk", url), **settings) as bench:
            x = await bench.ask()
            assert x.outcome is Outcome.CLIENT_RESOURCE
            assert x.reason == f"the SDK calls https://{host}, which is not the target {url}"
            assert server.accepted == bench.connections[OPENED] == bench.connections[FAILED] == 0


# credentials, options


@pytest.mark.parametrize(("reuse", "renew"), MODES)
@on_uvloop
async def test_without_credentials_nothing_is_sent(reuse: str, renew: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    async with RawServer(answer) as server:
        bench = Bench("sdk", server.url("http"), reuse=reuse, renew=renew)
        async with with_sdk(bench, credentials=None) as bench:
            x = await bench.ask()
            assert (x.outcome, x.reason) == (Outcome.CLIENT_RESOURCE, "the SDK: NoCredentialsError")
            assert server.accepted == 0


@on_uvloop
async def test_a_profile_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    config = tmp_path / "config"
    config.write_text("[profile other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = canary\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    async with RawServer(answer) as server:
        for name in ("other", "missing"):
            bench = with_sdk(Bench("sdk", server.url("http")), credentials=None, profile_name=name)
            async with bench as bench:
                x = await bench.ask()
                expected = "" if name == "other" else "the SDK: ProfileNotFound"
                assert x.reason == expected
    assert "Credential=AKIAOTHER/" in dict(server.heard[0].headers)["Authorization"]


@on_uvloop
async def test_the_options_are_plain_and_hold_no_secret() -> None:
    keys = Credentials("AKIACANARY", "canary", "canary", account_id="canary")
    async with RawServer(answer) as server:
        bench = Bench("sdk", server.url("http"), connections=7, attempts=4, mode="adaptive")
        async with with_sdk(bench, credentials=keys) as bench:
            await bench.ask()
            assert isinstance(bench.client, Sdk)
            options = bench.client.options()
    text = json.dumps(options)
    assert "canary" not in text.lower()
    assert options["retries"] == {"mode": "adaptive", "total_max_attempts": 4}
    assert options["max_pool_connections"] == 7
    assert options["endpoint"] == server.url("http")
    assert options["account_id_endpoint_mode"] == "disabled"
    assert options["parameter_validation"] is True
    assert set(options["versions"]) == {"aioboto3", "aiobotocore", "botocore", "aiohttp"}
