"""Any document of a type, as JSON: what a hostile folder may hold and still be one of ours."""

from __future__ import annotations

import dataclasses
import types
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

TEXT = st.text(max_size=8)
WORD = st.sampled_from(["put", "read", "burst", "日本語の名前", "a" * 70]) | TEXT
NUMBER = st.floats(0, 1e5) | st.floats(allow_nan=False, allow_infinity=False)
INTEGER = st.integers(0, 10**13) | st.integers(-9, 9)
RARE = 6  # one of so many
KEYS = {
    "latency_ms": st.sampled_from(["response", "service", "connect", "lag", "sign", "wait", "operation", "backoff"]),
    "quantiles": st.sampled_from(["p50", "p90", "p95", "p99", "p99.9"]),
    "intervals": st.sampled_from(["p50", "p99", "p99.9"]),
    "no_interval": st.sampled_from(["p50", "p99", "p99.9"]),
    "why": st.sampled_from(["p50", "p99", "p99.9", "max"]),
    "above": st.sampled_from(["p50", "p99", "p99.9", "max"]),
    "whose_ms": st.sampled_from(["p50", "p99", "p99.9"]),
    "by_connection": st.sampled_from(["new", "reused", "resumed"]),
    "outcomes": st.sampled_from(["ok", "timeout", "throttled"]),
    "times_ms": st.sampled_from(["response", "service", "lag", "connect"]),
}


@cache
def documents(of: Any) -> st.SearchStrategy[dict[str, Any]]:
    """JSON of that dataclass: every field is there, with any value of its type."""
    from loadgen.result.reason import CODES, Reason

    if of is Reason:
        values = st.dictionaries(WORD, NUMBER | TEXT, max_size=2)
        codes = st.sampled_from(sorted(CODES))
        return st.builds(lambda code, values: {**values, "code": code}, codes, values)
    hints = get_type_hints(of)
    plain, beside = {}, []
    for field in dataclasses.fields(of):
        made = _of(hints[field.name], field.name)
        if field.metadata["inline"]:
            beside.append(made)
        else:
            plain[field.name] = made
    members = st.fixed_dictionaries(plain)
    if not beside:
        return members
    return st.tuples(members, *beside).map(
        lambda parts: {k: v for part in parts[::-1] for k, v in (part or {}).items()}
    )


def any_result(document: dict[str, Any]) -> Any:
    """The result that such a document is of."""
    from loadgen.result.capacity import CapacityResult
    from loadgen.result.codec import from_json
    from loadgen.result.experiment import ExperimentResult
    from loadgen.result.run import RunResult
    from loadgen.result.tune import TuneResult

    known: dict[object, type] = {"capacity": CapacityResult, "experiment": ExperimentResult, "tune": TuneResult}
    return from_json(known.get(document["kind"], RunResult), document)


def _joined(parts: tuple[dict[str, Any] | None, ...]) -> dict[str, Any]:
    return {name: value for part in parts[::-1] for name, value in (part or {}).items()}


def _rare(args: tuple[Any, ...], name: str) -> st.SearchStrategy[Any]:
    """What may be there with all that is in it, and mostly is not: a document in which everything is would be too large
    to be made."""
    there = st.one_of(*(_of(arg, name) for arg in args if arg is not type(None)))
    return st.integers(0, RARE - 1).flatmap(lambda drawn: st.none() if drawn else there)


def _of(hint: Any, name: str) -> st.SearchStrategy[Any]:
    origin, args = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint):
        return st.deferred(lambda: documents(hint))
    if origin in (Union, types.UnionType):
        inner = any(map(dataclasses.is_dataclass, args))
        return _rare(args, name) if inner else st.one_of(*(_of(arg, name) for arg in args))
    if hint is type(None):
        return st.none()
    if origin is tuple:
        if args[-1] is Ellipsis:
            return st.lists(_of(args[0], name), max_size=2)
        return st.tuples(*(_of(arg, name) for arg in args)).map(list)
    if origin is dict:
        return st.dictionaries(KEYS.get(name, WORD), _of(args[1], name), max_size=2)
    if origin is Literal:
        return st.sampled_from(args)
    return {int: INTEGER, float: NUMBER, str: WORD, bool: st.booleans(), object: st.none() | WORD}[hint]
