"""`loadgen once`: what it prints, and its exit status."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from called import Called, Loadgen
from once_exchanges import exchange, of

from loadgen.result.codec import to_json
from loadgen.result.once import OnceResult

REFUSED = exchange(answer=None, outcome="refused", reason="Connection refused", connection=None, peer=None)
UNEXPECTED = exchange(outcome="unexpected", reason="status 201")


def called(monkeypatch: pytest.MonkeyPatch, loadgen: Loadgen, result: OnceResult, *arguments: str) -> Called:
    async def once(*given: Any) -> OnceResult:
        return result

    monkeypatch.setattr("loadgen.runner.once.once", once)
    return loadgen("once", "http://127.0.0.1:9/", *arguments)


def test_it_is_printed_as_text_and_as_json(monkeypatch: pytest.MonkeyPatch, loadgen: Loadgen) -> None:
    result = of(exchange(), exchange(step="read"))
    text = called(monkeypatch, loadgen, result)
    assert text.status == 0 and "order put  ok\n" in text.out and "order read  ok\n" in text.out
    printed = called(monkeypatch, loadgen, result, "--json")
    assert (printed.status, json.loads(printed.out)) == (0, to_json(result))
    assert printed.out.isascii()


@pytest.mark.parametrize(
    ("exchanges", "status"),
    [
        ((exchange(), UNEXPECTED), 4),
        ((exchange(), REFUSED), 4),
        ((REFUSED, REFUSED), 3),
        ((exchange(), replace(UNEXPECTED, refused=True)), 3),
    ],
)
@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_the_status_says_how_it_went(
    monkeypatch: pytest.MonkeyPatch, loadgen: Loadgen, exchanges: tuple[Any, ...], status: int, arguments: Any
) -> None:
    assert called(monkeypatch, loadgen, of(*exchanges), *arguments).status == status
