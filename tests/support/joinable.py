"""Requests of a run whose ids were kept, and what logs tell of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine_harness import always
from run_folders import write_run

from loadgen.analysis.exemplars import FILE
from loadgen.clock import MILLISECOND
from loadgen.profile.load import load
from loadgen.result.codec import to_json
from loadgen.result.exemplars import Exemplar, Exemplars, StepExemplars
from loadgen.result.run import Attribution

STARTED = 1_767_225_600_000  # ms


def uuid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def exemplar(number: int, whole: float, own: float = 0.5, connect: float = 0.0, **ids: str) -> Exemplar:
    """A request that took so many ms; without ids it has those that an API gives."""
    whose = Attribution(
        value=whole, target=whole - own - connect, connect=connect, wait=0.0, build=0.0, held=0.0, own=own,
        own_at_least=False, requests=1,
    )  # fmt: skip
    known = {name.replace("_", "-"): value for name, value in ids.items()} or {"apigw-requestid": f"gateway-{number}"}
    return Exemplar(STARTED + number, 1, "reused", known, {"response": whole}, whose)


def step(slowest: list[Exemplar], drawn: list[Exemplar], requests: int, **other: Any) -> StepExemplars:
    known = {"phase": "a", "cycle": 1, "scenario": "default", "step": "default", "one_in": 1, "from_ms": 0.0}
    return StepExemplars(requests=requests, slowest=tuple(slowest), drawn=tuple(drawn), **{**known, **other})


def report(number: int, handler: float, init: float | None = None) -> str:
    """The REPORT of request `number`, in text."""
    first = f"\tInit Duration: {init:.2f} ms" if init is not None else ""
    billed = f"Billed Duration: {round(handler) + 1} ms"
    return (
        f"REPORT RequestId: {uuid(number)}\tDuration: {handler:.2f} ms\t{billed}\tMemory Size: 128 MB\t"
        f"Max Memory Used: 64 MB{first}"
    )


def access(number: int, response: int, integration: int) -> str:
    return json.dumps(
        {
            "requestId": f"gateway-{number}", "integrationRequestId": uuid(number), "responseLatency": str(response),
            "integrationLatency": str(integration),
        }
    )  # fmt: skip


def plain_run(folder: Path) -> None:
    """A short run, none of whose ids were kept."""
    text = "target: http://127.0.0.1:1\nload: [{name: a, users: 1, iterations: 3}]\n"
    write_run(folder, load("p.yaml", text=f"name: t\n{text}").profile, always(after=MILLISECOND), "2026-01-01T00:00:00")


def run_with(folder: Path, *steps: StepExemplars, profile: dict[str, Any] | None = None) -> Path:
    """A run's folder with these exemplars."""
    plain_run(folder)
    (folder / FILE).write_text(json.dumps(to_json(Exemplars(steps=steps))))
    (folder / "profile.json").write_text(json.dumps(profile or {"target": "https://api.example.com"}))
    return folder
