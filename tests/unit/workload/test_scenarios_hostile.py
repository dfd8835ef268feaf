"""Whatever is captured or drawn, no load stops and no request is split."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from engine_harness import go

from loadgen.exchange import Exchange, Request
from loadgen.profile.load import load
from loadgen.transport.scripted import Reply

ANSWERS = {
    "digits without end": b'{"id": ' + b"1" * 6000 + b"}",
    "a number beyond floats": b'{"id": 1, "t": ' + b"9" * 400 + b"}",
    "no numbers": b'{"id": NaN, "t": -1e999}',
    "nesting": b'{"id": ' + b"[" * 900 + b"]" * 900 + b"}",
    "nesting without end": b'{"id": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "half a character": b'{"id": "\\ud800"}',
    "a line break": b'{"id": "a\\r\\nX-Evil: 1\\u0000"}',
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
}


CAPTURING = """
load: [{name: a, at-once: 2}]
scenarios:
  - name: s
    steps:
      - {name: one, get: /, capture: {id: body.id, h: header.x-h}, record: {t: body.t}}
      - {name: two, post: "/p/{{id}}?q={{id}}", headers: {X-Id: "{{h}}"}, json: {a: "{{id}}", b: "x{{id}}"}}
      - {name: three, get: /, headers: {X-Id: "{{id}}"}}
    split_by: [id]
"""


HEADERS = {"a line": "a\r\nX-Evil: 1", "a turn": "\u202e", "a length": "x" * 50_000}


CAPTURED = [*((body, "ok") for body in ANSWERS.values()), *((b'{"id": 1}', header) for header in HEADERS.values())]


@pytest.mark.parametrize(("body", "header"), CAPTURED, ids=[*ANSWERS, *HEADERS])
def test_whatever_is_captured_stops_no_load_and_splits_no_request(body: bytes, header: str) -> None:
    sent: list[Request] = []

    def answer(x: Exchange) -> Reply:
        sent.append(x.request)
        return Reply(after=1000, headers={"x-h": header}, body=body)

    run = go(CAPTURING, answer)
    assert run.ledger.mismatches() == []
    assert sent
    for made in sent:
        assert all(c.isprintable() and c.isascii() for _, value in made.headers for c in value)
        assert made.path.isascii()
        assert made.path.isprintable()


DATA = """
name: d
target: http://127.0.0.1:1
load: [{name: a, at-once: 6}]
scenarios:
  - name: s
    data: rows.jsonl
    steps:
      - {name: plain, get: "/{{v}}/x?q={{v}}", query: {r: "{{v}}"}}
      - {name: header, get: /, headers: {X-Id: "a {{v}}"}}
"""


def test_a_row_of_a_data_file_splits_no_request(tmp_path: Path) -> None:
    rows = ("a\r\nX-Evil: 1", "a HTTP/1.1\r\n\r\nGET /evil", "../../x", "?a=1&b=2#c", "\x00\x1b[2J", "\u202e\ud7ff")
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"v": row}) + "\n" for row in rows))
    sent: list[Request] = []

    def answer(x: Exchange) -> Reply:
        sent.append(x.request)
        return Reply(after=1000)

    go(load(tmp_path / "d.yaml", text=DATA).profile, answer)
    assert len(sent) == 6 + 2, "of the headers two can be sent"
    for made in sent:
        assert "Evil" not in dict(made.headers)
        assert made.path.isascii()
        assert made.path.isprintable()
        assert " " not in made.path
        assert made.path == "/" or made.path.count("/") == 2, "no value adds a part to the path"
        assert made.path == "/" or (made.path.count("?"), made.path.count("&"), made.path.count("#")) == (1, 1, 0)
