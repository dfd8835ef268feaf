"""Files that a profile names: bodies and data. They must lie below the profile's folder and fit into memory."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from loadgen.files import open_regular, why
from loadgen.profile.units import quoted

BYTES_LIMIT = 64 * 2**20
ROWS_LIMIT = 1_000_000

Rows = tuple[dict[str, Any], ...]


def confined(written: str, folder: Path) -> Path:
    """The file `written` below `folder`. Raises ValueError if it is elsewhere, is no file, or is over 64 MiB."""
    relative = Path(written)
    if relative.is_absolute() or ".." in relative.parts:
        raise ValueError(f"{quoted(written)} is not below the profile's folder: copy the file there")
    try:
        path = (folder / relative).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise ValueError(f"there is no file {quoted(written)} in the profile's folder {folder.resolve()}") from None
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{quoted(written)} is a link that leads out of the profile's folder: copy the file there")
    if not path.is_file():
        raise ValueError(f"{quoted(written)} is not a regular file")
    if path.stat().st_size > BYTES_LIMIT:
        raise ValueError(f"{quoted(written)} is larger than {BYTES_LIMIT // 2**20}MiB")
    return path


def readable(written: str, folder: Path) -> Path:
    """The file `written`, relative to `folder`. It may lie anywhere, as certificates do. Raises ValueError."""
    path = folder / written
    try:
        open_regular(path).close()
    except OSError as error:
        raise ValueError(f"{quoted(written)} cannot be read: {why(error)}") from None
    except ValueError:
        raise ValueError(f"{quoted(written)} cannot be read: not a file name") from None
    return path.absolute()  # not what a link leads to: a file in memory is one


def rows(path: Path) -> tuple[tuple[str, ...], Rows]:
    """The fields and rows of a CSV file with a header line, or of a file of JSON objects, one a line.

    CSV values are text, JSON values keep their type. Raises ValueError, naming the line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read: {why(error)}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not UTF-8") from None
    if path.suffix == ".csv":
        fields, rows = _csv(path.name, text)
    elif path.suffix in (".jsonl", ".ndjson"):
        fields, rows = _json_lines(path.name, text)
    else:
        raise ValueError(f"{path.name} must end in .csv or .jsonl, which tells its format")
    if not rows:
        raise ValueError(f"{path.name} has no rows")
    return fields, rows


def _csv(name: str, text: str) -> tuple[tuple[str, ...], Rows]:
    rows: list[dict[str, Any]] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        fields = tuple(next(reader, []))
        if len(set(fields)) != len(fields) or not all(fields):
            raise ValueError(f"{name}, line 1: the header line has an empty or repeated column name")
        for values in reader:
            if len(values) != len(fields):
                if not values:
                    continue
                problem = f"{len(values)} values for {len(fields)} columns"
                raise ValueError(f"{name}, line {reader.line_num}: {problem}")
            rows.append(dict(zip(fields, values, strict=True)))
            _bounded(name, rows)
    except csv.Error as error:
        raise ValueError(f"{name}, line {reader.line_num}: {error}") from None
    return fields, tuple(rows)


def _json_lines(name: str, text: str) -> tuple[tuple[str, ...], Rows]:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise ValueError(f"{name}, line {number}: not JSON") from None
        if not isinstance(row, dict):
            raise ValueError(f"{name}, line {number}: not an object in braces")
        if rows and row.keys() != rows[0].keys():
            raise ValueError(f"{name}, line {number}: its keys are not those of the first row")
        rows.append(row)
        _bounded(name, rows)
    return (tuple(rows[0]) if rows else ()), tuple(rows)


def _bounded(name: str, rows: list[dict[str, Any]]) -> None:
    if len(rows) > ROWS_LIMIT:
        raise ValueError(f"{name} has more than {ROWS_LIMIT} rows")
