"""Did the profile's thresholds hold? Each measured run of a phase, and each step where it is a latency, for itself."""

from __future__ import annotations

import operator
from typing import Any

from loadgen.clock import MILLISECOND
from loadgen.profile.model import Threshold

OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def check(thresholds: dict[str, tuple[Threshold, ...]], phases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An entry of a result's `thresholds` for each that was looked at."""
    found = []
    for phase in phases:
        for threshold in thresholds.get(phase["name"], ()):
            if threshold.kind == "latency" and threshold.metric == "iteration":
                found += [_of_block(threshold, phase, entry["scenario"], entry["latency"])
                          for entry in phase["iteration_ms"] or [{"scenario": "", "latency": {}}]]  # fmt: skip
            elif threshold.kind == "latency":
                found += [
                    _of_block(threshold, phase, step["step"], step["latency_ms"].get(threshold.metric, {}))
                    for step in phase["steps"]
                ]
            else:
                found.append(_of_phase(threshold, phase))
    return found


def _of_block(threshold: Threshold, phase: dict[str, Any], step: str, block: dict[str, Any]) -> dict[str, Any]:
    value = block.get(threshold.quantile)
    if threshold.quantile not in block and threshold.quantile not in ("mean", "min", "max"):
        return _entry(threshold, phase, step, "", "undecided", f"{threshold.quantile} is not among the figures")
    if value is None:
        return _entry(threshold, phase, step, "", *_censored(threshold, block))
    return _decided(threshold, phase, step, value * MILLISECOND, f"{value:g} ms")


def _censored(threshold: Threshold, block: dict[str, Any]) -> tuple[str, str]:
    """A figure that is not known may still be known to be greater than the limit."""
    why = next((note for note in block.get("notes", ()) if threshold.quantile in note.partition(":")[0]), "no data")
    if ": > " in why and threshold.op in ("<", "<="):
        bound = float(why.split(": > ")[1].split(" ms")[0]) * MILLISECOND
        if bound >= threshold.value:
            return "failed", why
    return "undecided", why


def _of_phase(threshold: Threshold, phase: dict[str, Any]) -> dict[str, Any]:
    requests = phase["requests"]
    if threshold.kind == "errors":
        sent = requests.get("sent", 0)
        if not sent:
            return _entry(threshold, phase, "", "", "undecided", "nothing was sent")
        share = 1 - requests["outcomes"].get("ok", 0) / sent
        return _decided(threshold, phase, "", share, f"{share:.2%}")
    seconds = phase["seconds"]
    if not seconds:
        return _entry(threshold, phase, "", "", "undecided", "the phase has no time of its own")
    rate = phase["iterations"]["started"] / seconds
    return _decided(threshold, phase, "", rate, f"{rate:,.1f}/s")


def _decided(threshold: Threshold, phase: dict[str, Any], step: str, value: float, shown: str) -> dict[str, Any]:
    holds = OPERATORS[threshold.op](value, threshold.value)
    return _entry(threshold, phase, step, shown, "passed" if holds else "failed", "")


def _entry(threshold: Threshold, phase: dict[str, Any], step: str, shown: str, status: str, why: str) -> dict[str, Any]:
    return {"phase": phase["name"], "cycle": phase["cycle"], "text": threshold.text, "step": step,
            "value": shown, "status": status, "why": why}  # fmt: skip
