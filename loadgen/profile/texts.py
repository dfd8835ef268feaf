"""Which keys of a profile hold text: what a variable gives there may be a secret; a number, a rate or a word is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args, get_origin

from loadgen.profile import units
from loadgen.profile.document import Way
from loadgen.profile.model import Profile
from loadgen.profile.part import Part
from loadgen.profile.values import Selector

TEXTS = (str, Path, Any, Selector)
LONGEST_NUMBER = 7  # characters: a longer one in a text may be a key
_UNITS = "|".join((units.DURATION_PATTERN, units.RATE_PATTERN, units.SIZE_PATTERN, units.SHARE_PATTERN))
_PLAIN = re.compile(
    rf"[-+]?[0-9.]{{1,{LONGEST_NUMBER}}}|true|false|sandbox|{_UNITS}"
    r"|[a-z]{2}(-gov|-iso[a-z]?)?-(north|south|east|west|central)(east|west)?-[0-9]"
)


def is_plain(value: str) -> bool:
    """Whether it is a number, a quantity with its unit, a flag, a region, or the sandbox: that is shown anywhere."""
    return _PLAIN.fullmatch(value) is not None


def holds_text(way: Way) -> bool:
    """Whether what stands at `way` is text. So is all that is not known: a step's path, a call's parameters."""
    kinds: list[Any] = [Profile]
    for step in way:
        kinds = [kind for each in kinds for kind in _within(each, step)]
    if way and way[-1] == "region":
        return False
    return not kinds or any(_is_text(kind) for kind in kinds)


def _within(kind: Any, step: str | int) -> list[Any]:
    """What the member `step` of such a value may be."""
    if isinstance(kind, type) and issubclass(kind, Part):
        return [
            leaf
            for name, field in kind.model_fields.items()
            if not field.exclude and step == (field.validation_alias or name)
            for leaf in _leaves(field.annotation)
        ]
    inner = get_args(kind)[-1 if get_origin(kind) is dict else 0 :][:1]
    return [leaf for item in inner for leaf in _leaves(item)] if get_origin(kind) in (dict, tuple, list) else []


def _is_text(kind: Any) -> bool:
    if isinstance(kind, type) and issubclass(kind, Part):
        short = kind.short("")
        return not isinstance(short, dict) or any(map(_is_text, _within(kind, next(iter(short)))))
    return kind in TEXTS or (get_origin(kind) in (tuple, list) and any(map(_is_text, _within(kind, 0))))


def _leaves(annotation: Any) -> list[Any]:
    """The types that it allows, without what is said about them."""
    if hasattr(annotation, "__metadata__"):
        return _leaves(get_args(annotation)[0])
    if get_origin(annotation) in (None, dict, tuple, list) or not get_args(annotation):
        return [annotation]
    return [leaf for item in get_args(annotation) for leaf in _leaves(item)]  # a union; a Literal's are its words
