"""Values of any type that the results' codec supports, for hypothesis; and all types of a result."""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

FEW = 1  # entries of a list or dictionary: a result has lists in lists, and is large enough

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=8),
    bytes: st.binary(max_size=8),
    int: st.integers(-(2**63), 2**63),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
    object: st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=FEW) | st.dictionaries(st.text(max_size=3), inner, max_size=FEW),
        max_leaves=3,
    ),
}


@cache
def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of the type, small ones."""
    if dataclasses.is_dataclass(hint):
        return st.deferred(lambda: _built(hint))
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values, args))
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(values(args[0]), max_size=FEW).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, args))
    if origin in (dict, Mapping):
        return st.dictionaries(st.text(max_size=4), values(args[1]), max_size=FEW)
    if origin is Literal:
        return st.sampled_from(args)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    return PLAIN[hint]


def _built(of: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(of)
    return st.builds(of, **{field.name: _of_field(of, field, hints[field.name]) for field in dataclasses.fields(of)})


def _of_field(of: Any, field: dataclasses.Field[Any], hint: Any) -> st.SearchStrategy[Any]:
    if among := field.metadata["among"]:
        return st.sampled_from(sorted(among))
    pattern = field.metadata["inline"]
    if isinstance(pattern, str):
        others = {other.name for other in dataclasses.fields(of)} - {field.name}
        keys = st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True) if pattern != ".*" else st.text(max_size=4)
        return st.dictionaries(keys.filter(lambda name: name not in others), values(get_args(hint)[1]), max_size=FEW)
    return values(hint)


def types_of(hint: Any, known: frozenset[Any] = frozenset()) -> Iterator[type]:
    """The dataclasses that a value of the type may hold, each once."""
    seen: dict[type, None] = {}

    def visit(hint: Any) -> None:
        if dataclasses.is_dataclass(hint):
            if hint not in seen:
                seen[hint] = None  # type: ignore[index]
                for inner in get_type_hints(hint).values():
                    visit(inner)
        elif get_origin(hint) is not Literal:
            for inner in get_args(hint):
                visit(inner)

    visit(hint)
    return iter(seen)
