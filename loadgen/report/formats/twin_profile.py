"""A fitted profile as YAML, with a comment on each value that was fitted."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator

from loadgen.report.sentences import sentence
from loadgen.report.words import clean
from loadgen.result.twin import FittedKey, TwinResult

WIDTH = 100
FLOW = 90  # characters of a mapping or a list that stands in one line
_PLAIN = re.compile(r"[A-Za-z/][\w./-]*(?: ?[\w./-]+)*|[0-9.]+(?:ns|us|ms|s|m|h|/s|/m|/h|%|B|KiB|MiB|kB)")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
PART = "sandbox"


def profile_text(result: TwinResult) -> str:
    """The profile, with its own keys in their order. `loadgen.profile.load` reads it as it was."""
    lines = [
        "# yaml-language-server: $schema=schema.json",
        "#",
        *_comment(f"A twin of {result.target}, which `loadgen fit` made from {result.run} ({result.started})."),
        *_comment("It sends the same load to a sandbox that answers as the target did in that run."),
    ]
    elsewhere = [of for of in result.fitted if not of.key.startswith(f"{PART}.")]
    if elsewhere:
        lines += ["#", *_comment("Changed besides:"), *_told(elsewhere)]
    for key, value in result.profile.items():
        mine = [of for of in result.fitted if of.key.startswith(f"{key}.")] if key == PART else []
        lines += _sandbox(value, mine) if key == PART and isinstance(value, dict) else _entry(key, value, 0)
    return "\n".join(lines) + "\n"


def _sandbox(settings: dict[str, object], told: list[FittedKey]) -> Iterator[str]:
    """The fitted part, each key below where its value comes from. What has no value is a comment at the end."""
    rest = list(told)
    yield f"{PART}:" if settings else f"{PART}: {{}}"
    for key, value in settings.items():
        mine = [of for of in rest if of.key.split(".")[1] == key]
        rest = [of for of in rest if of not in mine]
        yield from _told(mine, "  ", key)
        yield from _entry(key, value, 1)
    yield from _told(rest, "  ")


def _told(told: Iterable[FittedKey], indent: str = "", above: str = "") -> Iterator[str]:
    for of in told:
        key = of.key.removeprefix(f"{PART}.")
        name = key.removeprefix(f"{above}.") if key != above else ""
        yield from _comment(f"{f'{name}: ' if name else ''}{sentence(of.why)}", indent)


def _comment(text: str, indent: str = "") -> list[str]:
    lead = f"{indent}# "
    return textwrap.wrap(clean(text), WIDTH, initial_indent=lead, subsequent_indent=f"{lead}  ", break_on_hyphens=False)


def _entry(key: str, value: object, level: int, lead: str = "") -> Iterator[str]:
    """`key: value`, over as many lines as it takes."""
    indent = "  " * level
    name = f"{lead or indent}{_scalar(key)}:"
    if isinstance(value, str) and (folded := _folded(value, indent)):
        yield f"{name} >-"
        yield from folded
    elif not isinstance(value, dict | list) or not value or _fits(value, level):
        yield f"{name} {_flow(value)}"
    else:
        yield name
        yield from _block(value, level + 1)


def _block(value: dict[str, object] | list[object], level: int) -> Iterator[str]:
    indent = "  " * level
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _entry(key, item, level)
        return
    for item in value:
        if isinstance(item, dict) and item and not _fits(item, level):
            for number, (key, each) in enumerate(item.items()):
                yield from _entry(key, each, level + 1, "" if number else f"{indent}- ")
        elif isinstance(item, list) and item and not _fits(item, level):
            yield f"{indent}-"
            yield from _block(item, level + 1)
        else:
            yield f"{indent}- {_flow(item)}"


def _fits(value: object, level: int) -> bool:
    return level > 0 and len(_flow(value)) <= FLOW


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)


def _folded(text: str, indent: str) -> list[str]:
    """A long text as lines that YAML joins by single spaces; none if that were another text."""
    if len(text) <= FLOW or not text.isprintable() or " ".join(text.split()) != text:
        return []
    lines = textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    return [f"{indent}    {line}" for line in lines] if " ".join(lines) == text else []
