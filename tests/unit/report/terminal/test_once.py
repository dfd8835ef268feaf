"""`loadgen once`: an exchange shown whole."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from once_exchanges import exchange, of
from rich.cells import cell_len

from loadgen.report.terminal.once import render_once, show_once
from loadgen.result.once import Answer, ConsumedUnits


def test_everything_is_shown() -> None:
    text = render_once(of(exchange()))
    for part in (
        "order put  ok\n",
        "  POST https://127.0.0.1:40001/orders?x=1\n    Content-Type: application/json\n    X-Trace: t1\n\n",
        '    {"id": "6a1f", "total": 12}\n',
        '  201 Created\n    content-type: application/json\n\n    {"ok": true,\n     "n": 1}\n',
        "connection   127.0.0.1:40001, new connection\n",
        "TLS          TLSv1.3, TLS_AES_256_GCM_SHA384, full handshake\n",
        "certificate  localhost; for localhost, 127.0.0.1; issued by sandbox authority; valid until Nov 22",
        "captured     id = 6a1f\n",
    ):
        assert part in text


def test_the_time_is_drawn_part_after_part() -> None:
    bars = {line[2:14].strip(): line[23:] for line in render_once(of(exchange())).split("\n") if "█" in line}
    assert list(bars) == ["tcp", "tls", "send→answer"]
    assert [len(line) - len(line.lstrip()) for line in bars.values()] == [0, 20, 40]
    assert [line.count("█") for line in bars.values()] == [20, 20, 20]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_it_is_as_wide_as_the_terminal(width: int) -> None:
    text = render_once(of(exchange()), width=width)
    assert max(map(len, text.splitlines())) <= width
    bars = [line for line in text.splitlines() if "█" in line]
    assert len(bars) == 3
    assert len(bars[-1]) > width - 20


def test_what_is_built_is_told_apart_from_signing() -> None:
    times = {"response": 60.0, "lag": 0.0, "sign": 40.0, "build": 30.0, "wait": 0.0, "service": 20.0}
    text = render_once(of(exchange(times_ms=times)))
    bars = {line[2:14].strip(): line[23:] for line in text.split("\n") if "█" in line}
    assert list(bars) == ["build", "sign", "send→answer"]
    assert [line.count("█") for line in bars.values()] == [30, 10, 20]
    assert [len(line) - len(line.lstrip()) for line in bars.values()] == [0, 30, 40]


def test_no_answer_is_said() -> None:
    text = render_once(of(exchange(outcome="timeout", reason="no answer within 2 s", answer=None)))
    assert "order put  timeout: no answer within 2 s\n" in text
    assert "  no answer\n" in text


def test_a_body_that_is_not_text_is_counted_and_a_long_one_cut() -> None:
    request = replace(exchange().request, body=bytes(range(256)) * 4)
    text = render_once(of(exchange(request=request, answer=Answer(200, (), b"line\n" * 100_000))))
    assert "1,024 bytes that are not text" in text
    assert "… cut: 500,000 bytes in all" in text
    assert text.count("    line\n") == 400


def test_a_terminal_cannot_be_steered() -> None:
    answer = Answer(200, (("x\x1b[2J", "\x1b]0;x\x07"),), b"\x1b[31mred and a good deal of text")
    text = render_once(of(exchange(answer=answer, captured={"a\x9b": "\x1b[2J"})))
    assert all(character.isprintable() or character == "\n" for character in text)


def test_an_ascii_pipe_can_take_it() -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    show_once(of(exchange()), file)
    file.flush()
    assert b"send>answer" in raw.getvalue()


@settings(deadline=None, max_examples=examples(100))
@given(st.binary(max_size=400), st.text(st.characters(), max_size=300), st.floats(0, 1e6), st.floats(0, 1e6))
def test_any_answer_can_be_shown(body: bytes, text: str, response: float, service: float) -> None:
    answer = Answer(200, ((text, text),), body)
    times = {"response": response, "service": service, "connect": response, "client_delay": service}
    of_text = exchange(step=text, answer=answer, reason=text, times_ms=times, captured={text: text}, not_found=(text,))
    shown = render_once(of(of_text))
    assert max(cell_len(line) for line in shown.split("\n")) <= 100
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_where_no_connection_came_about_nothing_was_sent() -> None:
    failed = exchange(
        answer=None, outcome="tls", reason="certificate refused: self-signed",
        times_ms={"response": 6.0, "lag": 0.0, "service": 6.0}, connection=None, peer=None,
    )  # fmt: skip
    text = render_once(of(failed))
    assert "order put  tls: certificate refused: self-signed\n  If you trust its certificate authority, name" in text
    assert re.search(r"\n  connecting +6\.00 ", text)
    assert "send" not in text


def test_the_units_of_a_call_are_shown() -> None:
    assert "  units        write 1\n" in render_once(of(exchange(capacity=ConsumedUnits(0.0, 1.0))))
    assert "units" not in render_once(of(exchange(capacity=ConsumedUnits(0.0, 0.0))))
    assert "units" not in render_once(of(exchange()))


def test_what_was_not_found_is_not_said_to_be_null() -> None:
    text = render_once(of(exchange(captured={"id": [1, "a"], "empty": None}, not_found=("gone",))))
    facts = [line.removeprefix("  captured     ") for line in text.splitlines() if "captured" in line]
    assert facts == ['id = [1, "a"]', "empty = null", "gone: nothing, the answer has no such value"]


def test_a_simulated_target_is_said_to_be_one() -> None:
    assert render_once(replace(of(exchange()), simulated=True)).startswith("simulated target\n\norder put  ok\n")
