"""In which hop the time of a run's requests went, as the target's own logs tell."""

from __future__ import annotations

from collections.abc import Iterator

from loadgen.report import joined
from loadgen.report.html.markup import Content, element
from loadgen.report.html.tables import table
from loadgen.report.words import brief
from loadgen.result.join import JoinResult

NAME = 60  # characters


def hops(of: JoinResult | None) -> Iterator[Content]:
    """A table for each step; nothing without a join."""
    if of is None:
        return
    yield element("p", joined.found(of))
    for step in of.steps:
        cycle = f" cycle {step.cycle}" if step.cycle > 1 else ""
        name = brief(f"{step.phase}{cycle} {step.step}", NAME)
        if said := joined.of_p99(step) or joined.missing(step):
            yield element("p", f"{name}: {said}")
        if divided := [group for group in step.groups if group.hops]:
            yield table(("", *map(joined.title, divided)), joined.rows(step), f"{name}: hops, means in ms")
        for said in joined.starts(step):
            yield element("p", f"{name}: {said}")
