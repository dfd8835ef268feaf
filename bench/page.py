"""`python -m bench.page docs/speed.md FILE…`: puts what `python -m bench --json FILE` measured into a page.

The table of a case stands between `<!-- bench CASE -->` and `<!-- /bench -->`, the tools' versions and the machine
between `<!-- bench with -->` and that. Rounds of one case that are in several files count together. A case that no file
has stays as it is.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.__main__ import SCHEMA
from bench.cases import CASES
from bench.comparison import Comparison, of_json
from bench.table import remarks, table

MARKED = re.compile(r"(<!-- bench (\S+) -->\n).*?(<!-- /bench -->)", re.DOTALL)
WITH = "with"
WIDTH = 118  # of a line of the page, but for those of a table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.page", description="Put measured tables into a page.")
    parser.add_argument("page", type=Path, help="a Markdown file with marks: <!-- bench CASE --> and <!-- /bench -->")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="what `python -m bench --json FILE` wrote")
    asked = parser.parse_args()
    text = asked.page.read_text()
    try:
        blocks = measured([json.loads(file.read_text()) for file in asked.files])
    except ValueError as error:
        parser.error(str(error))
    print(f"puts in: {', '.join(name for _, name, _ in MARKED.findall(text) if name in blocks)}", file=sys.stderr)
    asked.page.write_text(filled(text, blocks))
    return 0


def filled(text: str, blocks: dict[str, str]) -> str:
    """`text` with each of `blocks` between its marks, if it has such."""
    return MARKED.sub(lambda m: f"{m[1]}\n{blocks[m[2]].strip()}\n\n{m[3]}" if m[2] in blocks else m[0], text)


def measured(files: Sequence[dict[str, Any]]) -> dict[str, str]:
    """What stands between marks, by their name. Raises ValueError if one of them is no such file."""
    if any(file.get("schema") != SCHEMA for file in files):
        raise ValueError(f"each file must have been written by this bench: {SCHEMA}")
    blocks = {WITH: made_with(files)}
    for case in CASES:
        found = [(file, told) for file in files for told in file["cases"] if told["case"] == case.name]
        if found:
            result = together([of_json(told, case) for _, told in found])
            head = caption(result, [file for file, _ in found])
            notes = "".join(_wrapped(note) for note in remarks(result).splitlines())
            blocks[case.name] = f"{head}\n\n{table(result)}\n{notes}"
    return blocks


def together(results: Sequence[Comparison]) -> Comparison:
    """One comparison with the rounds of all. A tool that was there once is not absent."""
    first, *others = results
    for other in others:
        for row, rounds in other.rounds.items():
            if row not in first.rounds:
                first.rounds[row] = rounds
                continue
            there = first.rounds[row]
            there.figures += rounds.figures
            there.reported += rounds.reported
            there.remarks += rounds.remarks
        first.absent |= other.absent
    there_once = {row.tool for row in first.rounds}
    first.absent = {name: why for name, why in first.absent.items() if name not in there_once}
    return first


def caption(result: Comparison, files: Sequence[dict[str, Any]]) -> str:
    counts = sorted({len(rounds.figures) for rounds in result.rounds.values()})
    seconds = sorted({load.seconds for load in result.loads.values()})
    days = sorted({datetime.fromtimestamp(file["at"], UTC).strftime("%Y-%m-%d") for file in files})
    aim = f"\nAim: {result.case.aim}." if result.case.aim else ""
    return f"Rounds: {_span(counts)}, of {_span(seconds)} s each, on {', '.join(days)}.{aim}"


def _wrapped(line: str) -> str:
    item = "  " if line.startswith("- ") else ""
    return textwrap.fill(line, WIDTH, subsequent_indent=item, break_on_hyphens=False) + "\n"


def _span(values: Sequence[int]) -> str:
    return f"{values[0]}" if len(values) == 1 else f"{values[0]} to {values[-1]}"


def made_with(files: Sequence[dict[str, Any]]) -> str:
    """The versions of all, and the machine of the last."""
    versions: dict[str, str] = {}
    for file in files:
        versions |= file["versions"]
    told = ", ".join(f"{name} {version}".strip() for name, version in versions.items())
    last = files[-1]
    machine = f"{last['kernel']}, {last['machine']}, {last['cores']['count']} cores"
    return f"{_wrapped(f'{told}.')}\nPython {last['python']}, {machine}.\n"


if __name__ == "__main__":
    sys.exit(main())
