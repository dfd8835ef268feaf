"""Did the profile's thresholds hold? In each measured run of a phase, and for each step where it is a latency, by
itself; and over the rounds of an experiment (`over_rounds`). Those of two variants are in `ratios`."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

from loadgen.clock import MILLISECOND
from loadgen.profile.model import Threshold

OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def check(thresholds: dict[str, tuple[Threshold, ...]], phases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An entry of a result's `thresholds` for each that was looked at: one run tells nothing of two variants."""
    found = []
    for phase in phases:
        for threshold in thresholds.get(phase["name"], ()) if phase["measured"] else ():
            if threshold.kind == "ratio":
                continue
            if threshold.kind == "latency":
                found += [_of_block(threshold, phase, *block) for block in _blocks(threshold.metric, phase)]
            else:
                found.append(_of_phase(threshold, phase))
    return found


def _blocks(metric: str, phase: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The figures of a metric, by the step, or for whole iterations the scenario, that they are of."""
    if metric == "iteration":
        timed = {entry["scenario"]: entry["latency"] for entry in phase["iteration_ms"] if not entry["stratum"]}
        return [(name, timed.get(name, {})) for name in dict.fromkeys(step["scenario"] for step in phase["steps"])]
    several = len({step["scenario"] for step in phase["steps"]}) > 1
    return [
        (f"{step['scenario']}/{step['step']}" if several else step["step"], _block(metric, step["latency_ms"]))
        for step in phase["steps"]
    ]


def _block(metric: str, latency: dict[str, Any]) -> dict[str, Any]:
    """The figures of a metric of a step. An operation that can only be one attempt is that one's response."""
    found: dict[str, Any] = latency.get(metric) or (latency.get("response") if metric == "operation" else None) or {}
    return found


def _of_block(threshold: Threshold, phase: dict[str, Any], step: str, block: dict[str, Any]) -> dict[str, Any]:
    value = block.get(threshold.quantile)
    if value is None:
        return _entry(threshold, phase, step, "", *_unknown(threshold, block))
    return _decided(threshold, phase, step, round(value * MILLISECOND), f"{value:g} ms")


def _unknown(threshold: Threshold, block: dict[str, Any]) -> tuple[str, str]:
    """A figure that is not known may still be known to be greater than the limit."""
    name = f"{threshold.quantile}: "
    why = next((note for note in block.get("notes", ()) if note.startswith(name)), f"{name}there is no such figure")
    bound = block.get("above", {}).get(threshold.quantile)
    if bound is not None and round(bound * MILLISECOND) >= threshold.value:
        return "failed" if threshold.op in ("<", "<=") else "passed", why
    return "undecided", why


def _of_phase(threshold: Threshold, phase: dict[str, Any]) -> dict[str, Any]:
    requests = phase["requests"]
    if threshold.kind == "errors":
        sent = requests.get("sent", 0)
        if not sent:
            return _entry(threshold, phase, "", "", "undecided", "nothing was sent")
        share = (sent - requests["outcomes"].get("ok", 0)) / sent
        return _decided(threshold, phase, "", share, f"{share:.2%}")
    seconds, ran = phase["seconds"], phase["ran"]
    if ran != seconds:
        when = "" if ran is None else f" after {ran:.3g} s of it" if ran else " before it"
        return _entry(threshold, phase, "", "", "undecided", f"the run was stopped{when}")
    rate = phase["iterations"]["started"] / seconds
    return _decided(threshold, phase, "", rate, f"{rate:,.1f}/s")


def _decided(threshold: Threshold, phase: dict[str, Any], step: str, value: float, shown: str) -> dict[str, Any]:
    holds = OPERATORS[threshold.op](value, threshold.value)
    return _entry(threshold, phase, step, shown, "passed" if holds else "failed", "")


def _entry(threshold: Threshold, phase: dict[str, Any], step: str, shown: str, status: str, why: str) -> dict[str, Any]:
    return {"phase": phase["name"], "cycle": phase["cycle"], "text": threshold.text, "step": step,
            "value": shown, "status": status, "why": why}  # fmt: skip


def of_invalid(entry: dict[str, Any], accepted: bool, means: str) -> dict[str, Any]:
    """An entry of a run that is INVALID, which `means` that: undecided, unless its user takes the run's figures all the
    same."""
    if accepted:
        return {**entry, "why": "; ".join(filter(None, (entry["why"], "of an INVALID run, which was accepted")))}
    why = f"the run is INVALID: {means}. --accept-invalid decides all the same"
    return {**entry, "status": "undecided", "why": why}


def over_rounds(variant: str, rounds: Mapping[int, Iterable[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The `thresholds` of a variant's runs, by round, as one entry each: passed if they did in every round, and in
    every cycle of it."""
    found: dict[tuple[str, str, str], dict[int, list[Mapping[str, Any]]]] = {}
    for number, checked in rounds.items():
        for entry in checked:
            by_round = found.setdefault((entry["phase"], entry["text"], entry["step"]), {})
            by_round.setdefault(number, []).append(entry)
    return [
        {"variant": variant, "phase": phase, "cycle": 1, "text": text, "step": step, **_counted(by_round)}
        for (phase, text, step), by_round in found.items()
    ]


def _counted(rounds: Mapping[int, list[Mapping[str, Any]]]) -> dict[str, str]:
    bad = {status: [(number, entry) for number, cycles in rounds.items() for entry in cycles
                    if entry["status"] == status] for status in ("failed", "undecided")}  # fmt: skip
    status = next((status for status, entries in bad.items() if entries), "passed")
    passed = len(rounds) - len({number for entries in bad.values() for number, _ in entries})
    number, first = next(iter(bad.get(status, ())), (0, {}))
    why = f"round {number}: {' '.join(filter(None, (first['value'], first['why'])))}" if first else ""
    return {"value": f"passed in {passed} of {len(rounds)} rounds", "status": status, "why": why}
