"""The hops of a run's requests: those around the p99, the slowest, and some that were drawn, beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from rich.console import RenderableType
from rich.text import Text

from loadgen.report import joined
from loadgen.report.terminal.page import DIM, STRONG, WARN, add, drawn, fitting, line, table
from loadgen.report.words import brief, clean, encodable, wants_color
from loadgen.result.codec import map_text
from loadgen.result.join import JoinResult, JoinStep

NAME = 60  # characters


def show(result: JoinResult, file: TextIO) -> None:
    """Write all of it to `file`, in characters that it can write."""
    cleaned = map_text(result, clean)
    text = drawn([*_head(cleaned), *hops(cleaned), *_end(cleaned)], fitting(file), wants_color(file))
    file.write(encodable(text, file))


def hops(of: JoinResult) -> Iterator[RenderableType]:
    """A table for each step."""
    for step in of.steps:
        yield Text()
        yield from _step(step)


def _step(step: JoinStep) -> Iterator[RenderableType]:
    cycle = f" cycle {step.cycle}" if step.cycle > 1 else ""
    yield line((brief(f"{step.phase}{cycle} {step.step}", NAME), STRONG))
    if said := joined.of_p99(step):
        yield line(f"{said[0].upper()}{said[1:]}", indent=2)
    elif why := joined.missing(step):
        yield line((f"- {why}", DIM), indent=2)
    divided = [group for group in step.groups if group.hops]
    if divided:
        made = table(("ms, means", "left", 28), *((joined.title(group), "right", 12) for group in divided))
        for row in joined.rows(step):
            add(made, *row)
        yield made
    for said in joined.starts(step):
        yield line(said, indent=2)


def _head(of: JoinResult) -> Iterator[RenderableType]:
    yield line((joined.found(of), WARN if _doubtful(of) else STRONG))
    for each in of.sources:
        yield line((joined.source(each), DIM), indent=2)


def _doubtful(of: JoinResult) -> bool:
    return not of.found or not of.complete or bool(of.impossible or of.contradicted)


def _end(of: JoinResult) -> Iterator[RenderableType]:
    yield Text()
    yield line((joined.kept(of), WARN if of.earlier else ""))
