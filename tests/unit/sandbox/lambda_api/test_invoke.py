"""Invoke, asked over the sandbox's own HTTP, in virtual time: its answers, headers, times and errors."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from lambda_sandbox import FUNCTIONS, Sandbox

from loadgen.clock import MILLISECOND, SECOND
from loadgen.sandbox.invocation import slowdown

# an answer


def test_answers_as_lambda_does() -> None:
    reply = Sandbox().invoke(payload={"id": 7})
    assert reply.status == 200
    assert uuid.UUID(reply.headers.pop("x-amzn-requestid")).version == 4
    reply.headers.pop("date")
    assert reply.headers == {
        "content-type": "application/json",
        "content-length": "256",
        "connection": "keep-alive",
        "x-amz-executed-version": "$LATEST",
    }
    body = reply.body
    assert body.pop("padding").strip("x") == ""
    assert body == {
        "id": 7,
        "message": "simulated",
        "initialization_type": "on-demand",
        "cold": False,
        "environment": 0,
    }


def test_request_ids_follow_from_the_seed() -> None:
    first, again, other = (Sandbox({"seed": seed}) for seed in (1, 1, 2))
    ids = [[target.invoke().headers["x-amzn-requestid"] for _ in range(3)] for target in (first, again, other)]
    assert ids[0] == ids[1]
    assert len({*ids[0], *ids[2]}) == 6


def test_an_event_takes_an_environment_and_no_time() -> None:
    target = Sandbox({"service": "50ms", "environments": {"max": 1, "init": "300ms", "overflow": "429"}})
    reply = target.invoke(kind="Event")
    assert (reply.status, reply.took, reply.raw, reply.headers["content-length"]) == (202, 0, b"", "0")
    assert "x-amz-executed-version" not in reply.headers
    assert target.invoke().status == 429
    assert target.invoke(kind="Event").status == 202  # Lambda keeps what it cannot run yet
    target.wait(SECOND)
    assert target.invoke().body["cold"] is False


def test_a_dry_run_runs_nothing() -> None:
    target = Sandbox({"service": "50ms", "environments": {"max": 1, "init": "300ms"}})
    reply = target.invoke(kind="DryRun")
    assert (reply.status, reply.took, reply.raw) == (204, 0, b"")
    assert target.core.simulation.cold_starts == 0


# its times


def test_a_cold_start_and_lambdas_own_time(tmp_path: Path) -> None:
    target = Sandbox(
        {"service": "8.4ms", "rtt": "20ms", "environments": {"max": 9, "init": "300.25ms"}},
        tmp_path / "truth.csv",
        overhead="5ms",
    )
    cold, warm = target.invoke(log="Tail"), target.invoke(log="Tail")
    assert (cold.took, warm.took) == (333_650_000, 33_400_000)
    assert (cold.body["cold"], warm.body["cold"], warm.body["environment"]) == (True, False, 1)
    rows = target.rows()
    assert [row["request_id"] for row in rows] == [reply.headers["x-amzn-requestid"] for reply in (cold, warm)]
    told = ("operation", "status", "cold", "env", "init_ns", "service_ns", "billed_ms", "overhead_ns", "memory_mb")
    assert [[row[name] for name in told] for row in rows] == [
        ["Invoke", "200", "1", "1", "300250000", "8400000", "309", "5000000", "1769"],
        ["Invoke", "200", "0", "1", "0", "8400000", "9", "5000000", "1769"],
    ]
    assert {(row["version"], row["initialization"]) for row in rows} == {("$LATEST", "on-demand")}


def test_a_front_and_invoke_share_the_environments() -> None:
    target = Sandbox({"service": "8ms", "environments": {"max": 9, "init": "300ms"}})
    target.call("GET", "/", signed=False)
    target.wait(SECOND)
    assert target.invoke().body["cold"] is False


def test_the_front_has_the_cpu_of_the_function() -> None:
    target = Sandbox({"service": "10ms"}, memory=128, cpu_bound="100%")
    assert target.call("GET", "/", signed=False).took == 138_203_125


@pytest.mark.parametrize("match", ["Invoke", "POST /2015-03-31/functions/orders/*", "POST /**"])
def test_the_time_is_that_of_the_operation_or_the_path(match: str) -> None:
    target = Sandbox({"service": [{"match": match, "time": "8ms"}, "9ms"]})
    assert target.invoke().took == 8 * MILLISECOND


def test_keep_alive_in_the_payload() -> None:
    behind = {"time": "5ms", "connect": "10ms"}
    target = Sandbox({"environments": 1, "downstream": behind})
    times = [target.invoke(payload={"keepAlive": kept}).took for kept in (True, True, False)]
    assert times == [15 * MILLISECOND, 5 * MILLISECOND, 15 * MILLISECOND]


@pytest.mark.parametrize(
    ("memory", "cpu_bound", "threads", "expected"),
    [
        (1769, 1.0, 1, 1.0),
        (884.5, 1.0, 1, 2.0),
        (128, 1.0, 1, 1769 / 128),
        (128, 0.0, 1, 1.0),
        (128, 0.5, 1, 0.5 + 0.5 * 1769 / 128),
        (10240, 1.0, 1, 1.0),
        (3538, 1.0, 2, 0.5),
        (10240, 0.5, 2, 0.75),
    ],
)
def test_less_memory_is_less_cpu(memory: int, cpu_bound: float, threads: int, expected: float) -> None:
    assert slowdown(memory, cpu_bound, threads) == pytest.approx(expected)


def test_the_cpu_bound_share_takes_longer() -> None:
    target = Sandbox({"service": "10ms"}, memory=128, cpu_bound="50%")
    assert target.invoke().took == int(10 * MILLISECOND * (0.5 + 0.5 * 1769 / 128))


# environments that were started before


def test_a_provisioned_environment_tells_an_init_that_nobody_waited_for() -> None:
    target = Sandbox({"service": "8ms", "environments": {"max": 9, "init": "300ms", "provisioned": 1}})
    first, second = target.invoke(log="Tail"), target.invoke(log="Tail")
    assert first.took == second.took == 8 * MILLISECOND
    assert first.body["initialization_type"] == "provisioned-concurrency"
    assert first.body["cold"] is False
    assert "Billed Duration: 308 ms\t" in first.log[-1] and "Init Duration: 300.00 ms\t" in first.log[-1]
    assert "Billed Duration: 8 ms\t" in second.log[-1] and "Init" not in second.log[-1]


def test_a_snapshot_is_restored() -> None:
    pool = {"service": "127.1ms", "environments": {"max": 9, "init": "3s"}}
    target = Sandbox(pool, snap_start={"restore": "325.93ms", "billed": "8%"})
    cold, warm = target.invoke(log="Tail"), target.invoke(log="Tail")
    assert cold.took - warm.took == 325_930_000
    assert (cold.body["initialization_type"], cold.body["cold"]) == ("snap-start", True)
    assert cold.log[-1].split("\t")[1:] == [
        "Duration: 127.10 ms",
        "Billed Duration: 155 ms",
        "Memory Size: 1769 MB",
        "Max Memory Used: 64 MB",
        "Restore Duration: 325.93 ms",
        "Billed Restore Duration: 27 ms",
        "",
    ]
    assert "Restore" not in warm.log[-1]


# what goes wrong within


def test_a_function_that_fails(tmp_path: Path) -> None:
    target = Sandbox({"service": "8ms"}, tmp_path / "truth.csv", errors="100%")
    reply = target.invoke()
    assert (reply.status, reply.took) == (200, 8 * MILLISECOND)
    assert reply.headers["x-amz-function-error"] == "Unhandled"
    assert reply.body == {
        "errorMessage": "The simulated function failed, as the profile asks for",
        "errorType": "SimulatedError",
    }
    assert [row["fault"] for row in target.rows()] == ["unhandled"]


def test_the_share_that_fails_follows_from_the_seed() -> None:
    told = []
    for _ in range(2):
        target = Sandbox(errors="30%")
        told.append(["x-amz-function-error" in target.invoke().headers for _ in range(100)])
    assert told[0] == told[1]
    assert 15 < sum(told[0]) < 45


def test_a_call_that_takes_too_long_is_cut_off_and_ends_its_environment() -> None:
    target = Sandbox({"service": "5s", "environments": {"max": 9, "init": "300ms"}})
    reply = target.invoke(log="Tail")
    assert (reply.status, reply.took) == (200, 3300 * MILLISECOND)
    number = reply.headers["x-amzn-requestid"]
    assert reply.headers["x-amz-function-error"] == "Unhandled"
    assert reply.body == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {number} Error: Task timed out after 3.00 seconds",
    }
    assert reply.log[1:] == [
        f"2026-10-31T20:00:04.300Z {number} Task timed out after 3.00 seconds",
        "",
        f"END RequestId: {number}",
        f"REPORT RequestId: {number}\tDuration: 3000.00 ms\tBilled Duration: 3300 ms\tMemory Size: 1769 MB\t"
        "Max Memory Used: 64 MB\tInit Duration: 300.00 ms\tStatus: timeout",
    ]
    assert target.invoke().took == 3300 * MILLISECOND
    assert target.core.simulation.cold_starts == 2


def test_without_environments_it_is_cut_off_as_well() -> None:
    target = Sandbox({"service": "5s"}, timeout="1s")
    reply = target.invoke()
    assert (reply.took, reply.body["errorType"]) == (SECOND, "Sandbox.Timedout")


# what is refused


def test_a_throttled_call(tmp_path: Path) -> None:
    settings = {"service": "1s", "environments": {"max": 9, "reserved": 1, "overflow": "429"}}
    target = Sandbox(settings, tmp_path / "truth.csv")
    target.invoke(kind="Event")
    reply = target.invoke()
    assert (reply.status, reply.error, reply.headers["retry-after"]) == (429, "TooManyRequestsException", "1")
    assert reply.body == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }
    assert target.core.counters.refused == {"ReservedFunctionConcurrentInvocationLimitExceeded": 1}
    assert [(row["status"], row["reason"] != "") for row in target.rows()] == [("202", False), ("429", True)]


def test_a_service_that_fails() -> None:
    reply = Sandbox({"faults": {"errors": "100%"}}).invoke()
    assert (reply.status, reply.error, reply.body["Type"]) == (500, "ServiceException", "Service")


@pytest.mark.parametrize(
    ("kind", "size", "status"),
    [
        ("RequestResponse", 6 * 2**20, 200),
        ("RequestResponse", 6 * 2**20 + 1, 413),
        ("Event", 2**20, 202),
        ("Event", 2**20 + 1, 413),
    ],
)
def test_the_largest_payload(kind: str, size: int, status: int) -> None:
    body = b'"' + b"x" * (size - 2) + b'"'
    headers = ("X-Amz-Invocation-Type", kind)
    reply = Sandbox().call("POST", f"{FUNCTIONS}/orders/invocations", body, headers)
    assert reply.status == status
    if status == 413:
        assert reply.error == "RequestTooLargeException"
        assert reply.message.startswith(f"{size} byte payload is too large for the {kind} invocation type")


@pytest.mark.parametrize("body", [b"{", b"notat:all", b"\xff", b"[" * 100_000])
def test_what_is_no_json(body: bytes) -> None:
    reply = Sandbox().call("POST", f"{FUNCTIONS}/orders/invocations", body)
    assert (reply.status, reply.error) == (400, "InvalidRequestContentException")
    assert reply.message.startswith("Could not parse request body into json")


def test_only_the_named_functions_are_there() -> None:
    target = Sandbox(functions=["orders", "carts"])
    assert [target.invoke(name).status for name in ("orders", "carts")] == [200, 200]
    reply = target.invoke("others")
    assert (reply.status, reply.error) == (404, "ResourceNotFoundException")
    assert reply.body == {
        "Type": "User",
        "Message": "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:others",
    }


def test_functions_have_cold_starts_and_memory_of_their_own() -> None:
    large = {"name": "large", "init": "900ms", "memory": 128}
    target = Sandbox(
        {"service": "10ms", "environments": {"max": 9, "init": "200ms"}},
        functions=["small", large],
        cpu_bound="100%",
    )
    small, slow = target.invoke("small"), target.invoke("large", log="Tail")
    assert (small.took, slow.took) == (210 * MILLISECOND, 900 * MILLISECOND + 138_203_125)
    assert "Memory Size: 128 MB" in slow.log[-1]
    target.wait(SECOND)
    assert [target.invoke(name).body["cold"] for name in ("small", "large")] == [False, False]
    assert target.call("GET", "/", signed=False).took == 10 * MILLISECOND
    assert target.core.simulation.cold_starts == 2


def test_the_first_one_is_behind_the_front() -> None:
    first = {"name": "first", "init": "900ms", "memory": 128}
    target = Sandbox({"service": "10ms", "environments": {"max": 9}}, functions=[first, "second"], cpu_bound="100%")
    target.invoke("second")
    assert target.call("GET", "/", signed=False).took == 900 * MILLISECOND + 138_203_125
    assert target.invoke("first").body["cold"] is False


def test_every_alias_is_there_until_one_is_made() -> None:
    target = Sandbox()
    assert target.invoke(qualifier="live").headers["x-amz-executed-version"] == "$LATEST"
    assert target.call("GET", f"{FUNCTIONS}/orders%3Alive/configuration").status == 200
    target.call("POST", f"{FUNCTIONS}/orders/versions")
    assert target.invoke(qualifier="live").status == 404
    assert Sandbox(functions="orders").invoke(qualifier="live").status == 404


def test_a_version_that_is_not_there() -> None:
    reply = Sandbox().invoke(qualifier="7")
    assert (reply.status, reply.message) == (
        404,
        "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:orders:7",
    )


@pytest.mark.parametrize("options", [{"kind": "Later"}, {"name": "a%20b"}, {"name": "x" * 65}, {"qualifier": "a%20b"}])
def test_parameters_of_the_wrong_form(options: dict[str, Any]) -> None:
    reply = Sandbox().invoke(**options)
    assert (reply.status, reply.error) == (400, "ValidationException")
    assert reply.message.startswith("1 validation error detected: Value '")
