"""`loadgen selftest` for real: its target, a quick one from beginning to end, and one that is cut short."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
from pathlib import Path

import jsonschema
import pytest
from program import Program, run, wait_for_end

from loadgen.result import SCHEMA
from loadgen.result.documents import result_schema
from loadgen.sandbox.process import start_responder
from loadgen.selftest import machine
from loadgen.selftest.state import read

pytestmark = pytest.mark.real

REQUEST = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n"


def test_the_target_answers_every_request_however_it_is_cut() -> None:
    with start_responder() as target:
        context = ssl.create_default_context(cafile=target.ca)
        for url in (target.http, target.https):
            with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=30) as plain:
                secure = url.startswith("https")
                sock = context.wrap_socket(plain, server_hostname="127.0.0.1") if secure else plain
                for part in (REQUEST[:-3], REQUEST[-3:] + REQUEST * 2 + REQUEST[:5], REQUEST[5:]):
                    sock.sendall(part)
                got = b""
                while got.count(b"{}") < 4:
                    got += sock.recv(65536)
                assert got.count(b"HTTP/1.1 200 OK\r\n") == 4
                sock.close()
        assert target.stats()["requests"] == 8
    assert not target.ca.exists()
    wait_for_end(target.pid)


def test_a_quick_selftest_prints_what_it_keeps(tmp_path: Path) -> None:
    ran = run(tmp_path, "selftest", "--quick", "--json", env={"XDG_STATE_HOME": str(tmp_path / "state")}, limit=120)
    assert ran.status == 0, ran.err
    result = json.loads(ran.out)
    assert (result["schema"], result["kind"]) == (SCHEMA, "selftest")
    assert (result["plan"], result["complete"]) == ("quick", True)
    jsonschema.validate(result, result_schema())
    assert json.loads(Path(result["saved"]).read_text()) == result
    assert [row["scheme"] for row in result["capacity"]] == ["http", "https"]
    for row in result["capacity"]:
        assert row["trials"] and all(trial["rate"] >= 50 for trial in row["trials"])
        assert row["rate"] is None or row["rate"] in [trial["rate"] for trial in row["trials"] if trial["why"] is None]
    assert all(row["per_second"] > 0 for row in result["connections"])
    assert all(row["requests"] > 0 and row["max_ms"] >= row["p50_ms"] > 0 for row in result["pacing"])
    assert len(result["noise"]["each_ms"]["p50"]) == 6 and all(result["noise"]["each_ms"]["p50"])
    assert result["resolution"]["source"] == "selftest" and result["resolution"]["measured_ms"]["p50"] > 0
    assert result["clock"]["resolution_ns"] > 0
    trusted, problem = read(Path(result["saved"]), machine.fingerprint())
    assert trusted and not problem
    assert {name: ceiling.rate for name, ceiling in trusted.rates.items()} == {
        row["scheme"]: row["rate"] or 0 for row in result["capacity"]
    }
    assert "https at " in ran.err and "noise: p50 " in ran.err


def test_cut_short_it_prints_what_there_is_and_leaves_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Program(tmp_path, "selftest", env={"XDG_STATE_HOME": str(state)}) as program:
        program.says("noise: p50")
        os.kill(program.process.pid, signal.SIGINT)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 130
    assert "interrupted: this is what there was by then" in ran.out
    assert "not saved: it is not complete" in " ".join(ran.out.split())
    assert "each time, ms" in ran.out and "highest rate" not in ran.out
    assert not state.exists()
