"""The variants of an experiment: the profile's document, changed by each of them."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any, TypeVar

from loadgen.errors import ProfileError
from loadgen.profile.document import Document, Way
from loadgen.profile.model import Profile
from loadgen.profile.overrides import part_at
from loadgen.profile.part import Part, did_you_mean
from loadgen.profile.steps import values_of

EXPERIMENT = "experiment"
P = TypeVar("P", bound=Part)
_AXIS = re.compile(r"(?<!\$)\$\{matrix\.([A-Za-z_][A-Za-z0-9_-]*)\}")


def cell(document: Document, override: str, values: dict[str, Any]) -> Document:
    """The document as it is run: a copy with the overrides of variant `override` put in, and the values of the matrix.

    Raises ProfileError for an override that fits nowhere, for an axis that there is not, and for one that nothing uses.
    """
    kept = document.data.get(EXPERIMENT)  # which no variant changes
    changed = _copy(document, kept)
    if override:
        way: Way = (EXPERIMENT, "variants", override)
        _merge(changed, changed.data, (), changed.data[EXPERIMENT]["variants"][override], way)
    used = _fill(changed, values, kept)
    if unused := [axis for axis in values if axis not in used]:
        raise _of_no_use(document, unused[0], override)
    return changed


def spread(document: Document) -> None:
    """Put the values of each axis that is a text in its place. Raises ProfileError for a text that has none."""
    experiment = document.data.get(EXPERIMENT) if isinstance(document.data, dict) else None
    matrix = experiment.get("matrix") if isinstance(experiment, dict) else None
    if not isinstance(matrix, dict):
        return
    for name, written in matrix.items():
        if isinstance(written, str):
            try:
                matrix[name] = values_of(written)
            except ValueError as error:
                raise document.error((EXPERIMENT, "matrix", name), str(error), "") from None


def of_first_values(document: Document) -> Document:
    """A copy of the document with the first value of each axis put in: what the profile itself is checked with."""
    changed = _copy(document)
    _fill(changed, _first_values(document))
    return changed


def differing(document: Document, cells: Sequence[tuple[str, dict[str, Any]]], profiles: Sequence[Profile]) -> None:
    """Raise a ProfileError for values of an axis that change nothing but names. `cells` are the override and the values
    of each variant, `profiles` what came of them. Variants of the user's own naming may be the same."""
    nameless = [_nameless(profile) for profile in profiles]
    for ((override, values), profile), ((other, others), again) in combinations(zip(cells, nameless, strict=True), 2):
        if override == other and values and profile == again:
            axis = next((axis for axis in values if values[axis] != others[axis]), "")
            axis = axis or next(axis for axis in values if _repeats(document.data[EXPERIMENT]["matrix"][axis]))
            problem = f"its values {values[axis]} and {others[axis]} make variants that are the same, but for names"
            raise document.error((EXPERIMENT, "matrix", axis), problem, "Leave one of them out")


def _nameless(profile: Profile) -> Profile:
    """The profile with neither names nor its experiment."""
    scenarios = [
        _renamed(scenario, steps=tuple(_renamed(step) for step in scenario.steps)) for scenario in profile.scenarios
    ]
    return _renamed(profile, experiment=None, load=[_renamed(phase) for phase in profile.load], scenarios=scenarios)


def _renamed(part: P, **more: Any) -> P:
    return part.model_copy(update={"name": "", **more})


def _repeats(values: list[Any]) -> bool:
    return any(value in values[:index] for index, value in enumerate(values))


def _copy(document: Document, kept: Any = None) -> Document:
    """A copy, but for the part that is `kept`."""
    data = copy.deepcopy(document.data, {id(kept): kept})
    return Document([data], dict(document.places), variables=document.variables)


def _of_no_use(document: Document, axis: str, override: str) -> ProfileError:
    reference = f"${{matrix.{axis}}}"
    known = Profile.keys()
    write = f"{axis}: {reference}" if axis in known else f"{reference} where its values belong"
    where = f" in variant {override}" if override else ""
    problem = f"nothing{where} uses this axis, and its variants would be the same"
    return document.error((EXPERIMENT, "matrix", axis), problem, f"Write {write}, or leave it out")


def _first_values(document: Document) -> dict[str, Any]:
    """As far as they are written rightly."""
    experiment = document.data.get(EXPERIMENT) if isinstance(document.data, dict) else None
    matrix = experiment.get("matrix") if isinstance(experiment, dict) else None
    axes = matrix.items() if isinstance(matrix, dict) else ()
    return {name: values[0] for name, values in axes if isinstance(values, list) and values}


def _merge(document: Document, into: Any, way: Way, override: dict[str, Any], said: Way) -> None:
    """Put `override`, which was written at `said`, over the value at `way`."""
    steps = _steps(into)
    for key, value in override.items():
        if not way and key == EXPERIMENT:
            raise document.error((*said, key), "an experiment cannot hold another one", "Leave it out")
        if steps is not None and key not in steps:
            raise document.error((*said, key), f"there is no {key} in that list", did_you_mean(key, [*steps]))
        step = key if steps is None else steps[key]
        place = (*way, step)
        old = into[step] if isinstance(step, int) else into.get(step)
        if isinstance(value, dict) and (part := part_at(place)) is not None:
            old = part.short(old)
        if isinstance(value, dict) and isinstance(old, dict | list) and old:
            into[step] = old
            _merge(document, old, place, value, (*said, key))
            continue
        _forget(document, place, old)
        document.places[place] = document.place((*said, key))
        document.moved[place] = (*said, key)
        if value is None and isinstance(into, dict):
            into.pop(step, None)
        else:
            into[step] = copy.deepcopy(value)


def _steps(container: Any) -> dict[str, int] | None:
    """The indices of a list's items by their names; None of a mapping, whose keys are its own."""
    if isinstance(container, dict):
        return None
    steps: dict[str, int] = {}
    for index, item in enumerate(container):
        name = item.get("name") if isinstance(item, dict) else None
        if isinstance(name, str):
            steps.setdefault(name, index)
    return steps


def _forget(document: Document, way: Way, old: Any) -> None:
    """What stood there, `old`, is no more."""
    document.places.pop(way, None)
    document.moved.pop(way, None)
    items = old.items() if isinstance(old, dict) else enumerate(old) if isinstance(old, list) else ()
    for step, item in items:
        _forget(document, (*way, step), item)


def _fill(document: Document, values: dict[str, Any], kept: Any = None) -> set[str]:
    """Put the values of the axes in, but for the part that is `kept`, and say which were used.

    What is wrong with a value is said of the axis. Within a text it is said of the axis only if it is not the first
    value, with which the text is right: the profile is checked with the first values before.
    """
    used: set[str] = set()
    first = _first_values(document)

    def filled(value: Any, way: Way) -> Any:
        if value is kept:
            return value
        if isinstance(value, dict):
            return {key: filled(item, (*way, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [filled(item, (*way, index)) for index, item in enumerate(value)]
        if not isinstance(value, str) or "${matrix." not in value:
            return value
        if whole := _AXIS.fullmatch(value):
            put = copy.deepcopy(axis(whole[1], way))
            _attribute(document, way, whole[1], put)
            return put
        text = _AXIS.sub(lambda match: str(axis(match[1], way)), value)
        for name in _AXIS.findall(value):
            if values[name] != first.get(name):
                _attribute(document, way, name, values[name])
        return text

    def axis(name: str, way: Way) -> Any:
        if name not in values:
            raise document.error(way, f"there is no axis {name} in experiment.matrix", did_you_mean(name, [*values]))
        used.add(name)
        return values[name]

    document.root[0] = filled(document.data, ())
    return used


def _attribute(document: Document, way: Way, axis: str, value: Any) -> None:
    """Make the axis the place where the value at `way` was written."""
    written: Way = (EXPERIMENT, "matrix", axis)
    experiment = document.data.get(EXPERIMENT)
    listed = experiment["matrix"][axis] if isinstance(experiment, dict) else ()
    index = next((index for index, item in enumerate(listed) if item == value), None)
    document.places[way] = document.place(written if index is None else (*written, index))
    document.moved[way] = written
