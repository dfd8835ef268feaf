"""The variants of an experiment: the profile's document, changed by each of them."""

from __future__ import annotations

import copy
import re
from typing import Any

from loadgen.profile.document import Document, Way
from loadgen.profile.overrides import part_at
from loadgen.profile.part import did_you_mean

EXPERIMENT = "experiment"
_AXIS = re.compile(r"\$\{matrix\.([A-Za-z_][A-Za-z0-9_-]*)\}")


def with_values(document: Document, values: dict[str, Any], override: str = "") -> Document:
    """A copy of the document with the overrides of the variant `override` and the values of the matrix put in.

    Raises ProfileError for an override that fits nowhere, and for an unknown axis.
    """
    changed = Document(copy.deepcopy(document.root), dict(document.places), variables=document.variables)
    if override:
        way: Way = (EXPERIMENT, "variants", override)
        _merge(changed, changed.data, (), changed.data[EXPERIMENT]["variants"][override], way)
    _fill(changed, values)
    return changed


def first_values(document: Document) -> dict[str, Any]:
    """The first value of each axis that is written correctly. The profile is checked with these values."""
    experiment = document.data.get(EXPERIMENT) if isinstance(document.data, dict) else None
    matrix = experiment.get("matrix") if isinstance(experiment, dict) else None
    axes = matrix.items() if isinstance(matrix, dict) else ()
    return {name: values[0] for name, values in axes if isinstance(values, list) and values}


def _merge(document: Document, into: Any, way: Way, override: dict[str, Any], said: Way) -> None:
    """Put `override`, which was written at `said`, over the value at `way`."""
    for key, value in override.items():
        if not way and key == EXPERIMENT:
            raise document.error((*said, key), "an experiment cannot hold another one", "Leave it out")
        step = _step(document, into, key, (*said, key))
        place = (*way, step)
        old = into[step] if isinstance(step, int) else into.get(step)
        if isinstance(value, dict) and (part := part_at(place)) is not None:
            old = part.short(old)
        if isinstance(value, dict) and isinstance(old, dict | list) and old:
            into[step] = old
            _merge(document, old, place, value, (*said, key))
            continue
        _forget(document, place)
        document.places[place] = document.place((*said, key))
        document.moved[place] = (*said, key)
        if value is None and isinstance(into, dict):
            into.pop(step, None)
        else:
            into[step] = copy.deepcopy(value)


def _step(document: Document, container: Any, key: str, said: Way) -> str | int:
    """`key` in a mapping; in a list the index of the item with that name."""
    if isinstance(container, dict):
        return key
    names = [item.get("name") if isinstance(item, dict) else None for item in container]
    if key in names:
        return names.index(key)
    known = [name for name in names if isinstance(name, str)]
    raise document.error(said, f"there is no {key} in that list", did_you_mean(key, known))


def _forget(document: Document, way: Way) -> None:
    """Remove the places of the value at `way` and of all values in it."""
    maps: tuple[dict[Way, Any], ...] = (document.places, document.moved)
    for known in maps:
        for old in [place for place in known if place[: len(way)] == way]:
            del known[old]


def _fill(document: Document, values: dict[str, Any]) -> None:
    def filled(value: Any, way: Way) -> Any:
        if isinstance(value, dict):
            return {
                key: item if way == () and key == EXPERIMENT else filled(item, (*way, key))
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [filled(item, (*way, index)) for index, item in enumerate(value)]
        if not isinstance(value, str) or "${matrix." not in value:
            return value
        whole = _AXIS.fullmatch(value)
        return copy.deepcopy(axis(whole[1], way)) if whole else _AXIS.sub(lambda match: str(axis(match[1], way)), value)

    def axis(name: str, way: Way) -> Any:
        if name not in values:
            raise document.error(way, f"there is no axis {name} in experiment.matrix", did_you_mean(name, [*values]))
        return values[name]

    document.root[0] = filled(document.data, ())
