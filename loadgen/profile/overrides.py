"""`--set load.burst.rate=500/s` sets any key of the profile from the command line; list items go by their name."""

from __future__ import annotations

from typing import Any, get_args

from loadgen.errors import ProfileError
from loadgen.profile.document import Document, Place, Way, read
from loadgen.profile.model import Profile
from loadgen.profile.part import Part, did_you_mean
from loadgen.profile.units import quoted


def apply(document: Document, written: str) -> None:
    """Put `KEY=VALUE` into the document; no value removes the key. Raises ProfileError, which names the option."""
    key, equals, value = written.partition("=")
    option = f"--set {key}"
    if not equals or not all(key.split(".")):
        raise ProfileError(
            f"{quoted(written)} is not KEY=VALUE", file="--set", remedy="Write --set load.burst.rate=500/s"
        )
    words = key.split(".")
    if words[0] == "phases":
        words[0] = "load"
    *parents, last = words
    container: Any = document.data
    way: Way = ()
    for word in parents:
        container, way = _enter(document, container, way, word, option)
    _put(container, _step(container, last, option), value, document, way, option)


def _enter(document: Document, container: Any, way: Way, word: str, option: str) -> tuple[Any, Way]:
    step = _step(container, word, option)
    way = (*way, step)
    child = container[step] if isinstance(step, int) else container.get(step)
    if child is None:
        child = {}
    elif not isinstance(child, dict | list):
        part = part_at(way)
        child = part.short(child) if part else child
    if not isinstance(child, dict | list):
        raise ProfileError(f"{word} is a single value, which has no keys", file=option, remedy="Set it as a whole")
    container[step] = child
    document.places.setdefault(way, Place(option, 0))
    return child, way


def _step(container: Any, word: str, option: str) -> str | int:
    """The key or index that `word` is in `container`. Raises ProfileError for a list without such an item."""
    if isinstance(container, dict):
        return word
    names = [item.get("name") if isinstance(item, dict) else None for item in container]
    if word in names:
        return names.index(word)
    if word.isascii() and word.isdigit() and len(word) < 10 and int(word) < len(container):
        return int(word)
    known = [name for name in names if isinstance(name, str)]
    raise ProfileError(f"there is no {quoted(word)} in this list", file=option, remedy=did_you_mean(word, known))


def _put(container: Any, step: str | int, value: str, document: Document, way: Way, option: str) -> None:
    place = (*way, step)
    for old in [known for known in document.places if known[: len(place)] == place]:
        del document.places[old]
    if not value.strip():
        if isinstance(container, dict):
            container.pop(step, None)
            return
        raise ProfileError("would remove an item of a list", file=option, remedy="Set the whole list instead")
    try:
        parsed = read(value, option)
    except ProfileError as error:
        raise ProfileError(error.problem, file=option, remedy=error.remedy) from None
    container[step] = parsed.data
    document.places[place] = Place(option, 0)


def part_at(way: Way) -> type[Part] | None:
    """The model of the mapping at `way` in a profile; None if it is no mapping of known keys."""
    part: type[Part] | None = Profile
    for step in way:
        if isinstance(step, str) and part:
            fields = part.model_fields.items()
            annotations = (field.annotation for name, field in fields if step == (field.validation_alias or name))
            part = next((match for annotation in annotations if (match := _part_in(annotation))), None)
    return part


def _part_in(annotation: Any) -> type[Part] | None:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    return next((match for item in get_args(annotation) if (match := _part_in(item))), None)
