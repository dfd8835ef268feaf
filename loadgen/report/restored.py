"""What `loadgen tune --restore` undid, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.words import several
from loadgen.runner.function.cells import Undone
from loadgen.runner.function.versions import Gone


def restored_lines(undone: Sequence[Undone]) -> Iterator[str]:
    """A line for each thing; none if nothing had been changed. Of several functions each line names its own."""
    for of in undone:
        name = f"{of.function}: " if len(undone) > 1 else ""
        yield from (f"{name}{_gone(what)}" for what in of.gone)
        if of.settings is not None:
            yield f"{name}{_settings(of)}"


def _gone(of: Gone) -> str:
    if of.number is None:
        return f"Version {of.qualifier} is deleted, which loadgen had published."
    return f"The provisioned concurrency of {of.qualifier} is taken away: {several(of.number, 'environment')}."


def _settings(of: Undone) -> str:
    was, how = of.settings, "again" if of.changed else "already"
    assert was
    if was.description is not None:
        return f"The description is {how} what it was before."
    snap_start = "" if was.snap_start is None else f", and SnapStart is {'on' if was.snap_start else 'off'}"
    return f"The memory is {was.memory} MB {how}{snap_start}, as before."
