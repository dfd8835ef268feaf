"""`loadgen report --share`: figures stay, and whose they are does not."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from documents import documents
from examples import examples
from hypothesis import given, settings
from paths import DATA

from loadgen import cli
from loadgen.report.formats import json_text
from loadgen.report.sharing import shared
from loadgen.report.terminal.run import render
from loadgen.result.codec import from_json, to_json
from loadgen.result.run import RunResult

HOST = "abc123def.execute-api.eu-west-1.amazonaws.com"
TABLE = "123456789012.ddb.eu-west-1.amazonaws.com"
CANARIES = (
    HOST, "abc123def", TABLE, "123456789012", "198.51.100.7", "2001:db8::7", "api.canary.test", "canary-id",
    "canary-home",
)  # fmt: skip
RESULT: dict[str, Any] = json.loads((DATA / "result.json").read_text())


def typed(document: dict[str, Any]) -> RunResult:
    return from_json(RunResult, document)


def warning(error: str) -> dict[str, str]:
    return {"code": "sandbox_silent", "error": error}


def named() -> dict[str, Any]:
    """The sample's result, of a target with a name, which is told in many places."""
    result = copy.deepcopy(RESULT)
    result["target"] |= {
        "url": f"https://{HOST}/prod",
        "simulated": False,
        "addresses": ["198.51.100.7", "2001:db8::7"],
    }
    result["run"] = "/canary-home/runs/burst"
    result["warnings"] = [
        warning(f"{HOST}: 1 of 2 addresses refused: 198.51.100.7"),
        warning(f"https://user@api.canary.test:8443/x; arn:aws:dynamodb:eu-west-1:123456789012:table/t at {TABLE}"),
        warning("the folder /canary-home/runs/burst is full"),
        warning(f"HTTPS://{HOST.upper()}/"),
    ]
    sample = result["samples"]["failed"][0]
    sample |= {"request_id": "canary-id", "message": f"no route on {HOST} for 123456789012"}
    sample["headers"] |= {"x-amzn-requestid": "canary-id", "x-amz-cf-pop": "canary-id", "retry-after": "1"}
    return result


def test_no_name_is_left_on_the_page_nor_in_json() -> None:
    hidden = shared(typed(named()))
    for text in (json_text(hidden), render(hidden)):
        assert not [canary for canary in CANARIES if canary.lower() in text.lower()]
    result = to_json(hidden)
    assert result["target"]["url"] == "https://[host 1]/prod"
    assert result["target"]["addresses"] == ["[address 1]", "[address 2]"]
    assert result["run"] == "burst"
    assert result["warnings"][3] == warning("HTTPS://[host 1]/")
    assert result["samples"]["failed"][0]["headers"]["retry-after"] == "1"


def test_figures_stay_as_they_are() -> None:
    result = to_json(shared(typed(named())))
    assert result["variants"] == RESULT["variants"]
    assert result["host"] == RESULT["host"]
    assert result["trust"] == RESULT["trust"]
    assert result["samples"]["slowest"][0]["path"] == RESULT["samples"]["slowest"][0]["path"]


def test_this_machine_is_nobody() -> None:
    assert shared(typed(RESULT)).target == typed(RESULT).target


@pytest.mark.parametrize(
    "value", ["3.0.15", "6.1.0", "p99.9 = 12.5 ms", "burst-20261122-120000", "1,234,567,890,123", "10.25.3"]
)
def test_what_is_no_name_is_left(value: str) -> None:
    assert shared(typed(RESULT | {"warnings": [warning(value)]})).warnings[0].values == {"error": value}


@settings(max_examples=examples(20))
@given(documents(RunResult))
def test_any_result_can_be_shared(document: dict[str, Any]) -> None:
    result = typed(document)
    assert shared(result).variants[0].requests.sent == result.variants[0].requests.sent


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "result.json").write_text(json.dumps(named()))
    for more in ([], ["--json"]):
        monkeypatch.setattr(sys, "argv", ["loadgen", "report", str(tmp_path), "--share", *more])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        assert (stop.value.code, err) == (0, "")
        assert "[host 1]" in out
        assert not [canary for canary in CANARIES if canary.lower() in out.lower()]
