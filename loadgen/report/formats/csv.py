"""A result as CSV (RFC 4180): a row for each figure, a heading, an empty cell for what is not known."""

from __future__ import annotations

import csv
import io

from loadgen.report.words import clean
from loadgen.result.experiment import ExperimentResult
from loadgen.result.rows import Value, columns, rows
from loadgen.result.run import RunResult

# a spreadsheet takes a text for a formula that begins with one of these (OWASP, CSV Injection)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(result: RunResult | ExperimentResult) -> str:
    """The rows of `loadgen.result.rows`, in UTF-8."""
    out = io.StringIO()
    names = columns(result)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows(result))
    return out.getvalue()


def _cell(value: Value) -> Value:
    """A text that a spreadsheet would carry out has an apostrophe before it, and none has control characters."""
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if value.startswith(FORMULA) or text.startswith(FORMULA) else text
