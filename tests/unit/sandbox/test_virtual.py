"""The sandbox without sockets."""

from __future__ import annotations

import json

from loadgen.clock import MILLISECOND, VirtualClock
from loadgen.exchange import Request
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.virtual import VirtualSandbox


def sandbox(**written: object) -> VirtualSandbox:
    return VirtualSandbox(SandboxSettings.model_validate(written), VirtualClock())


def test_answers_as_the_sandbox_does() -> None:
    target = sandbox(rtt="20ms", service="8ms", environments={"max": 3, "init": "300ms"})
    put = Request("POST", "/orders?x=1", (), b'{"id": "a"}')
    answer = target.answer(put, first=True)
    assert (answer.status, answer.after) == (201, 328 * MILLISECOND)
    assert b"x-cold: true" in answer.head and b"fn;dur=8.000, init;dur=300.000" in answer.head
    assert json.loads(answer.body)["id"] == "a"
    assert target.connect() == 40 * MILLISECOND


def test_over_http_the_first_answer_makes_up_for_the_handshake() -> None:
    target = sandbox(rtt="20ms", service="8ms", tls=False)
    get = Request("GET", "/")
    assert target.connect() == 0
    assert [target.answer(get, first).after // MILLISECOND for first in (True, False)] == [48, 28]


def test_faults_and_calls_of_a_table() -> None:
    assert sandbox(faults={"reset": "100%"}).answer(Request("GET", "/"), False).status == 0
    assert sandbox(faults={"errors": "100%"}).answer(Request("GET", "/"), False).status == 502
    table = sandbox(service=[{"match": "PutItem", "time": "6ms"}])
    answer = table.answer(Request("POST", "/", (), b"{}", "PutItem"), False)
    assert (answer.status, answer.after, answer.body) == (200, 6 * MILLISECOND, b"{}")


def test_serves_without_an_answer() -> None:
    full = sandbox(service="8ms", environments={"max": 1, "overflow": "429"})
    assert [full.serve(0, b"GET", b"/")[2] for _ in range(2)] == [True, False]
    target = sandbox(service="8ms", environments={"max": 3, "init": "300ms"})
    assert target.serve(0, b"GET", b"/") == (308 * MILLISECOND, True, True)
    assert target.serve(400 * MILLISECOND, b"GET", b"/") == (408 * MILLISECOND, False, True)
