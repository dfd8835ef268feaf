"""A result as CSV (RFC 4180): a heading, a row for each figure or for each second, an empty cell for what is not
known."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from loadgen.report.words import clean
from loadgen.result.rows import Result, Value, columns, rows
from loadgen.result.run import Phase
from loadgen.result.timeline import Moment, Timeline

BY_SECOND = ("second", "phase", "cycle", "requests", "failed", "completed", "in_flight", "p50_ms", "p99_ms", "max_ms",
             "cold", "throttled", "throttled_by")  # fmt: skip
# a spreadsheet takes a text for a formula that begins with one of these (OWASP, CSV Injection)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(result: Result) -> str:
    """The rows of `loadgen.result.rows`, in UTF-8."""
    names = columns(result)
    return _table(names, ([row[name] for name in names] for row in rows(result)))


def seconds_text(of: Timeline, phases: Sequence[Phase]) -> str:
    """A row for each moment, of all steps together: what was due in it, and how many were completed. `phases` are those
    of the result."""
    return _table(BY_SECOND, (_moment(moment, of, phases) for moment in of.moments))


def _moment(of: Moment, line: Timeline, phases: Sequence[Phase]) -> Sequence[Value]:
    at = next((stretch for stretch in line.stretches if stretch.start <= of.start < stretch.end), None)
    phase = phases[at.phase] if at and at.phase < len(phases) else None
    where = (phase.name, phase.cycle) if phase else ("", None)
    return (of.start, *where, of.sent, of.failed, of.completed, of.in_flight, of.p50, of.p99, of.longest, of.cold,
            sum(of.throttled.values()), "; ".join(f"{count} {why}" for why, count in of.throttled.items()))  # fmt: skip


def _table(names: Sequence[str], lines: Iterable[Sequence[Value]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in line] for line in lines)
    return out.getvalue()


def _cell(value: Value) -> Value:
    """A text that a spreadsheet would carry out has an apostrophe before it, and none has control characters."""
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if value.startswith(FORMULA) or text.startswith(FORMULA) else text
