"""What the figures prove, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from loadgen.report.finding_sentences import where
from loadgen.report.navigate import grouped
from loadgen.report.sentences import sentence
from loadgen.report.terminal.page import DIM, STRONG, line
from loadgen.report.words import several
from loadgen.result.run import RunResult


def findings(result: RunResult, most: int) -> Iterator[RenderableType]:
    """At most so many, the most important first."""
    if not result.findings:
        return
    several_phases = len(grouped(result.variant.phases)) > 1
    yield Text()
    for finding in result.findings[:most]:
        yield line((where(finding, several_phases), STRONG), sentence(finding.observed))
    if len(result.findings) > most:
        yield line((f"{several(len(result.findings) - most, 'more finding')} in --full", DIM))
