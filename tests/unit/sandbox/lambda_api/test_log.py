"""The log of a call, as the answer to an Invoke carries its end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lambda_sandbox import Sandbox

from loadgen.sandbox.invocation import Invocation
from loadgen.sandbox.lambda_api.log import TAIL, report

POOL = {"service": "8.4ms", "environments": {"max": 9, "init": "133.1ms"}}


def events(target: Sandbox) -> tuple[str, list[Any]]:
    reply = target.invoke(log="Tail")
    return reply.headers["x-amzn-requestid"], [json.loads(line) for line in reply.log]


def test_in_text() -> None:
    reply = Sandbox(POOL, memory=512, memory_used=70, prints="20B").invoke(log="Tail")
    number = reply.headers["x-amzn-requestid"]
    assert reply.log == [
        f"START RequestId: {number} Version: $LATEST",
        "x" * 20,
        f"END RequestId: {number}",
        f"REPORT RequestId: {number}\tDuration: 8.40 ms\tBilled Duration: 142 ms\tMemory Size: 512 MB\t"
        "Max Memory Used: 70 MB\tInit Duration: 133.10 ms\t",
    ]


def test_in_json() -> None:
    target = Sandbox(POOL, memory=512, memory_used=70, log_format="json", prints="20B")
    number, lines = events(target)
    assert lines == [
        {
            "time": "2026-10-31T20:00:01.133Z",
            "type": "platform.start",
            "record": {"requestId": number, "version": "$LATEST"},
        },
        {"timestamp": "2026-10-31T20:00:01.141Z", "level": "INFO", "message": "x" * 20, "requestId": number},
        {
            "time": "2026-10-31T20:00:01.141Z",
            "type": "platform.report",
            "record": {
                "requestId": number,
                "metrics": {
                    "durationMs": 8.4,
                    "billedDurationMs": 142,
                    "memorySizeMB": 512,
                    "maxMemoryUsedMB": 70,
                    "initDurationMs": 133.1,
                },
                "status": "success",
            },
        },
    ]
    assert "initDurationMs" not in events(target)[1][-1]["record"]["metrics"]


def test_in_json_a_restored_snapshot_and_failures() -> None:
    _, lines = events(Sandbox(POOL, log_format="json", snap_start="200ms"))
    assert lines[-1]["record"]["metrics"] | {"durationMs": 0} == {
        "durationMs": 0,
        "billedDurationMs": 59,
        "memorySizeMB": 1769,
        "maxMemoryUsedMB": 64,
        "restoreDurationMs": 200.0,
        "billedRestoreDurationMs": 50,
    }
    number, lines = events(Sandbox({"service": "2s"}, log_format="json", timeout="1s"))
    assert lines[1]["message"] == "Task timed out after 1.00 seconds"
    assert lines[-1]["record"]["status"] == "timeout"
    number, lines = events(Sandbox(log_format="json", errors="100%"))
    assert lines[1]["level"] == "ERROR"
    assert (lines[-1]["record"]["status"], lines[-1]["record"]["errorType"]) == ("error", "SimulatedError")
    assert lines[-1]["record"]["requestId"] == number


def test_a_level_of_warn_has_no_line_of_lambdas() -> None:
    _, lines = events(Sandbox(log_format="json", log_level="warn", prints="5B"))
    assert [line.get("type") for line in lines] == [None]


def test_the_last_four_kib_are_there() -> None:
    reply = Sandbox(prints="5000B").invoke(log="Tail")
    assert len("\n".join(reply.log)) + 1 == TAIL
    assert reply.log[0].strip("x") == ""
    assert reply.log[-1].startswith("REPORT")


def test_only_who_asks_gets_it() -> None:
    target = Sandbox()
    assert "x-amz-log-result" not in target.invoke(log="None").headers
    assert "x-amz-log-result" not in target.invoke(log="Tail", kind="Event").headers


@pytest.mark.parametrize(
    ("times", "billed"),
    [
        # as AWS rounded: a container image with an init (2022), and a snapshot (2024)
        ({"duration": 1_049_630_000, "init": 1_293_830_000}, 2344),
        ({"duration": 1_058_150_000, "init": 1_307_680_000}, 2366),
        ({"duration": 127_100_000, "restore": 325_930_000, "restore_billed": 25_600_000}, 154),
        ({"duration": 0}, 1),
    ],
)
def test_what_is_billed(times: dict[str, int], billed: int) -> None:
    call = Invocation("id", "1", 128, 64, "on-demand", "success", **times)
    assert call.billed == billed
    assert f"Billed Duration: {billed} ms" in report(call)


def test_a_failure_in_text() -> None:
    reply = Sandbox(errors="100%").invoke(log="Tail")
    assert reply.log[1] == "[ERROR] SimulatedError: The simulated function failed, as the profile asks for"
    assert reply.log[-1].endswith("\tStatus: error\tError Type: SimulatedError")
