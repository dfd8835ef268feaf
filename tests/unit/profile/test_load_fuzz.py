"""Whatever is written, the loader gives a profile or a ProfileError of one line, and never anything else."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.errors import ProfileError
from loadgen.profile.load import Loaded, from_url, load, shipped

BURST = shipped()["burst"].read_text()
TREE = load("burst").resolved
WORDS = [
    *["a", "{{", "}}", "{{uuid}}", "{{id}}", "${", "${HOME}", "$${", "200/s", "5s", "..", "http://", "∞"],
    *[": ", "- ", "[", "]", "{", "}", "&a ", "*a ", "!t ", "#", "'", '"', "? ", "|", "%", "\\"],
    *["\n", "\n  ", "|\n", "---\n", "\t", "\0", "\ud800", "\ufeff", "\x1b[2J"],
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(WORDS),
    st.text(max_size=20),
    st.sampled_from(
        ["200/s", "0/s..5/s", "1h", "5%", "response p99 < 1s", "body.0", "shared", "sandbox", "2xx", "/{{x}}"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=8), inner),
    max_leaves=6,
)


def accept(text: str) -> Loaded | None:
    try:
        return load("p.yaml", text=text)
    except ProfileError as error:
        assert str(error)
        assert str(error).isprintable()
        return None


def ways(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield way
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from ways(item, (*way, key))


WAYS = [way for way in ways(TREE) if way]
KEYS = sorted(
    {key for way in WAYS for key in way if isinstance(key, str)} | {"users", "at-once", "tls", "data", "expect"}
)


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=20).map("".join))
@settings(max_examples=examples(300), deadline=None)
def test_any_text(text: str) -> None:
    accept(text)


@given(st.integers(0, len(BURST)), st.integers(0, 30), st.sampled_from(WORDS) | st.text(max_size=4))
@settings(max_examples=examples(300), deadline=None)
def test_a_good_profile_with_a_piece_of_it_replaced(start: int, length: int, piece: str) -> None:
    accept(BURST[:start] + piece + BURST[start + length :])


@given(st.sampled_from(WAYS), VALUES, st.sampled_from(["set", "drop", "add"]), st.sampled_from(KEYS))
@settings(max_examples=examples(500), deadline=None)
def test_a_good_profile_with_a_value_replaced(way: tuple[str | int, ...], value: Any, how: str, key: str) -> None:
    tree: Any = copy.deepcopy(TREE)
    parent = tree
    for step in way[:-1]:
        parent = parent[step]
    target = parent[way[-1]]
    if how == "drop":
        del parent[way[-1]]
    elif how == "add" and isinstance(target, dict):
        target[key] = value
    else:
        parent[way[-1]] = value
    accept(json.dumps(tree))


@given(
    st.lists(st.sampled_from([*KEYS, "burst", "order", "put", "0", "99", "", "phases"]), max_size=5),
    st.text(max_size=10),
)
@settings(max_examples=examples(300), deadline=None)
def test_any_override(words: list[str], value: str) -> None:
    with suppress(ProfileError):
        load("burst", sets=[f"{'.'.join(words)}={value}"])


@given(st.text(max_size=30).map("http://{}".format) | st.text(max_size=30), SCALARS, SCALARS)
@settings(max_examples=examples(300), deadline=None)
def test_any_url_rate_and_duration(url: str, rate: Any, duration: Any) -> None:
    with suppress(ProfileError):
        from_url(url, rate, duration)


@given(st.binary(max_size=200))
@settings(max_examples=examples(200), deadline=None)
def test_any_data_file(tmp_path_factory: Any, content: bytes) -> None:
    folder: Path = tmp_path_factory.getbasetemp()
    text = "name: x\ntarget: sandbox\nload: [{name: a, at-once: 1}]\n"
    text += "scenarios: [{name: s, steps: [{name: t, get: /}], data: %s}]"
    for name in ("fuzz.csv", "fuzz.jsonl"):
        (folder / name).write_bytes(content)
        with suppress(ProfileError):
            load(folder / "p.yaml", text=text % name)
