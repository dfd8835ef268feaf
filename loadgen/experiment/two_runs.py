"""Two saved runs side by side, and what that cannot prove."""

from __future__ import annotations

from typing import Any

from loadgen.errors import InvalidRun, ProfileError

QUANTILES = ("mean", "p50", "p90", "p95", "p99", "p99.9")
METRICS = ("response", "service")
ALIKE = ("client", "seed", "workers")
NO_VERDICT = (
    "runs at different times cannot be told from drift: the machine, the network or the target may have been slower in "
    "between. One run of each draws no verdict; an experiment, whose variants take turns, does"
)

NOT_TARGETS = "its figures are not the target's"


def pair(first: dict[str, Any], second: dict[str, Any], *, accept_invalid: bool = False) -> dict[str, Any]:
    """The latencies of the phases and steps that both have, with their ratio; what differed between the runs; why there
    is no verdict. Raises ProfileError if one of them is an experiment, or if they have nothing in common; InvalidRun if
    one of them is INVALID, unless that is to be accepted."""
    for result in (first, second):
        if result.get("kind") == "experiment":
            raise ProfileError(
                "is an experiment, which `loadgen report` compares by itself", file=str(result.get("run"))
            )
    invalid = [str(result.get("run")) for result in (first, second) if result["trust"]["verdict"] == "INVALID"]
    if invalid and not accept_invalid:
        reason = next(iter(first["trust"].get("reasons", []) + second["trust"].get("reasons", [])), "")
        raise InvalidRun(
            f"{' and '.join(invalid)}: INVALID: {reason or NOT_TARGETS}. To see it all the same: --accept-invalid"
        )
    mine, theirs = _steps(first), _steps(second)
    both = [key for key in mine if key in theirs]
    if not both:
        raise ProfileError("the two runs have no phase and step in common", remedy="Compare runs of one profile")
    rows = [row for key in both for row in _rows(key, mine[key], theirs[key])]
    return {
        "runs": [_about(first), _about(second)],
        "differ": _differ(first, second),
        "accepted": invalid,
        "why_not": [NO_VERDICT, *(f"{run} is INVALID, which was accepted: {NOT_TARGETS}" for run in invalid)],
        "rows": rows,
    }


def _about(result: dict[str, Any]) -> dict[str, Any]:
    kept = ("run", "name", "started", "duration_s", "client", "seed")
    return {
        **{key: result.get(key) for key in kept},
        "trust": result["trust"]["verdict"],
        "target": result["target"]["url"],
    }


def _steps(result: dict[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {
        (phase["name"], str(phase["cycle"]), step["scenario"], step["step"]): step["latency_ms"]
        for phase in result["variants"][0]["phases"]
        if phase["measured"]
        for step in phase["steps"]
    }


def _rows(key: tuple[str, ...], mine: dict[str, Any], theirs: dict[str, Any]) -> list[dict[str, Any]]:
    phase, cycle, scenario, step = key
    metric = next((name for name in METRICS if name in mine and name in theirs), "service")
    found = []
    for quantile in QUANTILES:
        a, b = mine.get(metric, {}).get(quantile), theirs.get(metric, {}).get(quantile)
        if a is not None and b is not None:
            ratio = b / a if a else None
            where = {"phase": phase, "cycle": int(cycle), "scenario": scenario, "step": step}
            found.append({**where, "metric": metric, "quantile": quantile, "ms": [a, b], "ratio": ratio})
    return found


def _differ(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """What was not the same, besides the time."""
    pairs = [(key, first.get(key), second.get(key)) for key in ALIKE]
    pairs += [("target", first["target"]["url"], second["target"]["url"])]
    pairs += [(f"session.{key}", value, second["session"].get(key)) for key, value in first["session"].items()]
    hosts = first.get("host") or {}, second.get("host") or {}
    pairs += [(f"host.{key}", value, hosts[1].get(key)) for key, value in hosts[0].items()]
    return [f"{name}: {_word(a)} and {_word(b)}" for name, a, b in pairs if a != b]


def _word(value: Any) -> str:
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
