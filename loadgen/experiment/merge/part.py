"""The run of one machine of those that shared a load, as its folder has it, and whether several belong together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from loadgen.analysis.documents import as_written, document
from loadgen.engine.machine import MOST
from loadgen.engine.plan import Plan
from loadgen.errors import ProfileError
from loadgen.experiment.saved import find, read
from loadgen.result.run import RunResult, SharedLoad


@dataclass(frozen=True, slots=True)
class Part:
    """The run of one machine. `profile` is the content of its profile.json."""

    folder: Path
    result: RunResult
    share: SharedLoad
    plan: Plan
    profile: dict[str, Any]

    @property
    def index(self) -> int:
        """The machine's number, from 1."""
        return self.share.index

    @property
    def ended(self) -> bool:
        """Whether its run came to its end: with all workers, and without a signal."""
        return self.result.complete and not self.result.interrupted


def read_parts(runs: Sequence[Path]) -> list[Part]:
    """The runs by the numbers of their machines. Raises ProfileError if they are no parts of one load."""
    parts = [_part(run) for run in runs]
    for part in parts[1:]:
        _check_alike(parts[0], part)
    taken: dict[int, Part] = {}
    for part in parts:
        if part.index in taken:
            what = f"is share {part.index}/{part.share.of}, as {taken[part.index].folder} is"
            raise ProfileError(what, file=str(part.folder), remedy="Each share is merged once")
        taken[part.index] = part
    return [taken[index] for index in sorted(taken)]


def _part(run: Path) -> Part:
    folder = find(run)
    with as_written(folder):
        result = read(folder)
        if not isinstance(result, RunResult) or result.share is None:
            what = "was not run with --share, and is a load of its own"
            raise ProfileError(what, file=str(folder), remedy="`loadgen report RUN RUN` lays such runs over each other")
        share = result.share
        if not 1 <= share.index <= share.of <= MOST or result.workers < 1:
            raise ValueError("its share is none")
        plan = Plan.from_description(document(folder / "run.json")["plan"])
        return Part(folder, result, share, plan, document(folder / "profile.json"))


_ALIKE: tuple[tuple[str, Callable[[Part], Any]], ...] = (
    ("is of the profile {}", lambda part: part.result.name),
    ("was made by loadgen {}", lambda part: part.result.host.loadgen),
    ("has the seed {}", lambda part: part.result.seed),
    ("is one of {} shares", lambda part: part.share.of),
    ("was to begin at {}", lambda part: part.share.start_at),
    ("has the start {} ns", lambda part: part.share.start_at_ns),
    ("has {} workers", lambda part: part.result.workers),
    ("has the client {}", lambda part: part.result.client),
)


def _check_alike(first: Part, other: Part) -> None:
    for says, of in _ALIKE:
        if of(first) != of(other):
            what = f"{says.format(of(other))}, and {first.folder} {says.format(of(first))}"
            raise ProfileError(what, file=str(other.folder), remedy="They are no parts of one load")
    if first.share.plan != other.share.plan or first.plan.describe() != other.plan.describe():
        key = first_difference(_profile(first), _profile(other))
        named = f"has the profile of {first.folder}, but a file or a variable that it names has another content"
        what = f"has another profile than {first.folder}: {key} differs" if key else named
        raise ProfileError(what, file=str(other.folder), remedy="They are no parts of one load")


def _profile(part: Part) -> dict[str, Any]:
    """Without the number of workers, which was compared as the run had it: a profile need not tell it."""
    return {key: value for key, value in part.profile.items() if key != "workers"}


def first_difference(one: Any, other: Any, place: str = "") -> str:
    """The first key that differs, `load.main.rate`, without its value, which may be a secret; empty if none does. What
    has a name in a list is called so."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(str(key), one.get(key), other.get(key)) for key in dict.fromkeys((*one, *other))]
    elif isinstance(one, list) and isinstance(other, list):
        pairs = [(_called(a, b, at), a, b) for at, (a, b) in enumerate(zip_longest(one, other))]
    else:
        return "" if one == other else place
    found = ((key, mine, theirs) for key, mine, theirs in pairs if mine != theirs)
    for key, mine, theirs in found:
        return first_difference(mine, theirs, f"{place}.{key}" if place else key)
    return place


def _called(one: Any, other: Any, at: int) -> str:
    names = {of.get("name") for of in (one, other) if isinstance(of, dict)}
    return str(names.pop()) if len(names) == 1 and None not in names else str(at)
