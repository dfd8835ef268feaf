"""A result as the text of an HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from loadgen.report.html.capacity import capacity_page
from loadgen.report.html.experiment import experiment_page
from loadgen.report.html.overlay import overlay_page
from loadgen.report.html.run import run_page
from loadgen.report.html.tune import tune_page
from loadgen.report.overlaid import lettered
from loadgen.report.verdict import Result
from loadgen.report.words import clean
from loadgen.result.capacity import CapacityResult
from loadgen.result.codec import map_text
from loadgen.result.experiment import ExperimentResult
from loadgen.result.run import RunResult
from loadgen.result.timeline import Timeline
from loadgen.result.tune import TuneResult


def html_text(
    result: Result,
    timeline: Timeline | None = None,
    profile: str = "",
    variants: Mapping[str, Timeline] = MappingProxyType({}),
) -> str:
    """One file that asks for nothing else and runs no script. `timeline` is that of a run, `variants` are those of an
    experiment's variants; `profile` is a text."""
    cleaned = map_text(result, clean)
    if isinstance(cleaned, ExperimentResult):
        return experiment_page(cleaned, {clean(name): of for name, of in variants.items()}, profile.splitlines())
    if isinstance(cleaned, CapacityResult):
        return capacity_page(cleaned, profile.splitlines())
    if isinstance(cleaned, TuneResult):
        return tune_page(cleaned, profile.splitlines())
    return run_page(cleaned, timeline, profile.splitlines())


def overlay_text(results: Sequence[tuple[str, RunResult]]) -> str:
    """The same of several named runs, one over the other."""
    return overlay_page(lettered([(clean(name), map_text(result, clean)) for name, result in results]))
