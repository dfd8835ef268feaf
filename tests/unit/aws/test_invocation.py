"""What the answer to an Invoke tells, by lines as AWS documents them."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.aws.invocation import MANAGED, PROVISIONED, Report, error_of, report_of, start_of

ID = "79b4f56e-95b1-4643-9700-2807f4e68189"
OTHER = "11111111-2222-3333-4444-555555555555"
MS = 1_000_000
START = f"START RequestId: {ID} Version: $LATEST\n"
END = f"END RequestId: {ID}\n"


def line(*fields: str, of: str = ID) -> str:
    return f"REPORT RequestId: {of}\t" + "\t".join(fields) + "\t\n"


def tail(text: str, cut: int = 4096) -> str:
    return b64encode(text.encode()[-cut:]).decode()


def event(of: str = ID, **record: Any) -> str:
    said = {"time": "2026-11-30T10:00:00.000Z", "type": "platform.report", "record": {"requestId": of, **record}}
    return json.dumps(said, separators=(",", ":")) + "\n"


MEMORY = ("Memory Size: 128 MB", "Max Memory Used: 73 MB")
METRICS = {"durationMs": 79.67, "billedDurationMs": 80, "memorySizeMB": 128, "maxMemoryUsedMB": 73}
WARM = Report(79_670_000, 80, 128, 73)


@pytest.mark.parametrize(
    ("log", "report"),
    [
        pytest.param(line("Duration: 79.67 ms", "Billed Duration: 80 ms", *MEMORY), WARM, id="warm"),
        pytest.param(
            line("Duration: 79.67 ms", "Billed Duration: 213 ms", *MEMORY, "Init Duration: 133.10 ms"),
            WARM._replace(billed=213, init=133_100_000),
            id="init",
        ),
        pytest.param(
            line("Duration: 6.95 ms", "Billed Duration: 140 ms", *MEMORY)[:-2]
            + "\tRestore Duration: 616.20 ms\tBilled Restore Duration: 133 ms\n",
            Report(6_950_000, 140, 128, 73, restore=616_200_000),
            id="restore",
        ),
        pytest.param(
            line("Duration: 3000.00 ms", "Billed Duration: 3000 ms", *MEMORY, "Status: timeout"),
            Report(3000 * MS, 3000, 128, 73, status="timeout"),
            id="timeout",
        ),
        pytest.param(
            line("Duration: 79.67 ms", "Billed Duration: 80 ms", *MEMORY, "Status: error", "Error Type: Runtime.Exit"),
            WARM._replace(status="error"),
            id="error",
        ),
        pytest.param(
            line("Duration: 192 ms", "Billed Duration: 192 ms", "Memory Size: 128 MB", "Max Memory Used: 0 MB"),
            Report(192 * MS, 192, 128, 0),
            id="whole ms",
        ),
        pytest.param(
            line("Duration: 79.67 ms", "Billed Duration: 80 ms", *MEMORY)
            + "XRAY TraceId: 1-5e34a614-10bdxmplf1fb44f07bc535a1\tSegmentId: 07f5xmpl2d1f6f85\tSampled: true\n",
            WARM,
            id="x-ray",
        ),
        pytest.param(event(metrics=METRICS, status="success"), WARM, id="JSON"),
        pytest.param(
            event(metrics={**METRICS, "initDurationMs": 133.1, "billedDurationMs": 213}, status="success"),
            WARM._replace(billed=213, init=133_100_000),
            id="JSON, init",
        ),
        pytest.param(
            event(metrics={**METRICS, "restoreDurationMs": 616.2}, status="success"),
            WARM._replace(restore=616_200_000),
            id="JSON, restore",
        ),
        pytest.param(event(metrics=METRICS, status="timeout"), WARM._replace(status="timeout"), id="JSON, timeout"),
        pytest.param(
            event(metrics=METRICS, status="error", errorType="Runtime.Exit"),
            WARM._replace(status="error"),
            id="JSON, error",
        ),
    ],
)
def test_a_report_is_read(log: str, report: Report) -> None:
    assert report_of(tail(START + "hello\n" + END + log), ID) == report
    assert report_of(tail("x" * 9000 + "\n" + END + log), ID) == report


def test_what_the_handler_prints_is_no_report() -> None:
    own = line("Duration: 1.00 ms", "Billed Duration: 1 ms", *MEMORY, of=OTHER)
    real = line("Duration: 79.67 ms", "Billed Duration: 80 ms", *MEMORY)
    assert report_of(tail(START + own + END + real), ID) == WARM
    assert report_of(tail(START + "see " + real + END), ID) is None
    assert report_of(tail(START + own + END), ID) is None  # the system log level is WARN


def test_of_several_requests_it_is_that_with_the_id() -> None:
    mine = line("Duration: 79.67 ms", "Billed Duration: 80 ms", *MEMORY)
    other = line("Duration: 1.00 ms", "Billed Duration: 1 ms", *MEMORY, of=OTHER)
    assert report_of(tail(mine + other), ID) == WARM
    assert report_of(tail(event(metrics=METRICS) + event(OTHER, metrics={**METRICS, "durationMs": 1})), ID) == WARM
    assert report_of(tail(other + mine), "") == WARM  # the last, where nothing says which


@pytest.mark.parametrize(
    "log",
    [
        "",
        "a log whose system level is WARN\n",
        START + END,
        f"REPORT RequestId: {ID}\t\n",
        line("Duration: 9999999999 ms", *MEMORY),
        event(metrics=[1]),
        event(metrics={**METRICS, "durationMs": "79"}),
        event(metrics={**METRICS, "durationMs": True}),
        event(metrics={**METRICS, "durationMs": -1}),
        '{"type":"platform.report"\n',
        '{"type":"platform.report","record":[]}\n',
        '{"type":"function","record":{"metrics":{"durationMs":1},"x":"\\"platform.report\\""}}\n',
    ],
)
def test_a_log_without_one_has_none(log: str) -> None:
    assert report_of(tail(log), ID) is None


def test_what_is_no_log_has_none() -> None:
    assert report_of(None, ID) is None
    assert report_of("not base64!", ID) is None


@given(st.binary(max_size=300), st.text(max_size=40))
def test_no_answer_raises(log: bytes, request_id: str) -> None:
    report_of(b64encode(b"REPORT RequestId: " + log).decode(), request_id)
    report_of(b64encode(b'{"type":"platform.report",' + log).decode(), request_id)
    error_of(request_id, log)


COLD = WARM._replace(init=133_100_000)
RESTORED = WARM._replace(restore=600 * MS)


@pytest.mark.parametrize(
    ("report", "client", "initialization", "start"),
    [
        (WARM, 90 * MS, "", "warm"),
        (WARM, 90 * MS, "on-demand", "warm"),
        (COLD, 213 * MS, "", "cold"),
        (COLD, 212_770_000, "", "cold"),  # exactly what init and handler took
        (COLD, 211_770_000, "", "cold"),  # the REPORT may be rounded
        (COLD, 211_769_999, "", "warm"),  # nobody waited for the Init
        (COLD, 90 * MS, PROVISIONED, "provisioned"),
        (COLD, 300 * MS, PROVISIONED, "cold"),  # it spilled over
        (WARM, 90 * MS, PROVISIONED, "provisioned"),
        (RESTORED, 700 * MS, "snap-start", "restored"),
        (RESTORED, 90 * MS, "snap-start", "warm"),
        (COLD, 300 * MS, MANAGED, ""),
    ],
)
def test_a_start_is_cold_only_if_somebody_waited_for_it(
    report: Report, client: int, initialization: str, start: str
) -> None:
    assert start_of(report, client, initialization) == start


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("Unhandled", b'{"errorMessage": "boom", "errorType": "ValueError", "stackTrace": []}', "ValueError"),
        (
            "Unhandled",
            b'{"errorType":"Runtime.ExitError","errorMessage":"RequestId: x Error: exit"}',
            "Runtime.ExitError",
        ),
        ("Unhandled", b'{"errorMessage":"2026-11-30T10:00:00Z x Task timed out after 3.00 seconds"}', "timed out"),
        (
            "Unhandled",
            b'{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: x Error: Task timed out after 3.00 seconds"}',
            "timed out",
        ),
        ("Handled", b"[]", "Handled"),
        ("\x1b[31m", b"", "Unhandled"),
        ("Unhandled", b'{"errorType": "two words"}', "Unhandled"),
    ],
)
def test_a_functions_error_has_few_reasons(kind: str, body: bytes, reason: str) -> None:
    assert error_of(kind, body) == reason
