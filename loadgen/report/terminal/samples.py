"""Single exchanges that are worth a look: the first failing ones of each kind, and the slowest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from loadgen.report.navigate import Found, Phases, headline, place
from loadgen.report.terminal.page import BAD, DIM, Part, heading, labelled
from loadgen.report.terminal.parts import divided
from loadgen.report.words import brief, count, known, ms

FEW = 5
ALIKE = 2  # of the slowest, of the same step and cycle
PATH, TOLD, HEADER = 60, 160, 60  # characters
BAR = 12
INDENT = 12
# headers by which an exchange is found again in the target's own logs, or that say why it failed
LOOKUP = ("requestid", "request-id", "trace-id", "apigw-id", "cf-id", "errortype", "retry-after", "x-cold")


def samples(kept: Found, phases: Phases) -> Iterator[RenderableType]:
    """A few of each."""
    kinds: dict[tuple[Any, ...], Found] = {}
    for sample in kept.get("failed") or []:
        kinds.setdefault(tuple(sample.get(key) for key in ("scenario", "step", "outcome", "reason")), sample)
    for title, found in (("first failing", list(kinds.values())), ("slowest", _slowest(kept.get("slowest") or []))):
        if found:
            yield heading(title)
        for sample in found[:FEW]:
            yield from _sample(sample, phases.of(sample))


def _slowest(kept: list[Found]) -> list[Found]:
    """From the slowest on, but not all of them from the same moment."""
    taken: Counter[tuple[Any, ...]] = Counter()
    found = []
    for sample in sorted(kept, key=_lasted, reverse=True):
        key = tuple(sample.get(name) for name in ("phase", "cycle", "scenario", "step"))
        taken[key] += 1
        if taken[key] <= ALIKE:
            found.append(sample)
    return found


def _lasted(sample: Found) -> float:
    times = sample.get("times_ms") or {}
    value = times.get("response") or times.get("service")
    return value if value is not None and known(value) else 0.0


def _sample(sample: Found, phase: Found) -> Iterator[RenderableType]:
    second = sample.get("second")
    at = f"at {second:.2f} s" if second is not None and known(second) else ""
    said = [str(sample.get(key) or "") for key in ("outcome", "reason", "message")]
    told = brief(": ".join(part for part in said if part), TOLD)
    outcome: Part = (told, "" if said[0] == "ok" else BAD)
    what = "  ".join(part for part in (f"{place(phase)} {sample.get('step') or ''}", _request(sample)) if part)
    yield labelled(f"{at:>{INDENT - 2}}  ", f"{what}  ", outcome)
    yield labelled(" " * INDENT, *_times(sample.get("times_ms") or {}, headline(phase)), (_rest(sample), DIM))


def _request(sample: Found) -> str:
    status = sample.get("status")
    path = brief(str(sample.get("path") or ""), PATH)
    return f"{sample.get('method') or ''} {path}{f' → {status}' if status else ''}".strip()


def _times(times: Mapping[str, float | None], whole: str) -> Iterator[Part]:
    undue = ("response", "lag") if whole == "service" else ()
    times = {name: value for name, value in times.items() if name not in undue}
    shown = {name.replace("_", " "): ms(value) for name, value in times.items() if known(value)}
    if whole in shown:
        yield f"{whole} {shown.pop(whole)} ms "
    yield f"{divided(times, BAR)} "
    if shown:
        yield ", ".join(f"{name} {value}" for name, value in shown.items()) + " ms; ", DIM


def _rest(sample: Found) -> str:
    headers, identity = (sample.get("headers") or {}).items(), str(sample.get("request_id") or "")
    lookup = [(name, str(value)) for name, value in headers if name.lower().endswith(LOOKUP) and value != identity]
    connection = str(sample.get("connection") or "").replace("none", "no")
    attempt = sample.get("attempt") or 1
    said = [
        f"{connection} connection" if connection else "",
        f"attempt {count(attempt)}" if attempt > 1 else "",
        f"request id {brief(identity, HEADER)}" if identity else "",
        *(f"{name}: {brief(value, HEADER)}" for name, value in lookup),
    ]
    return "; ".join(part for part in said if part)
