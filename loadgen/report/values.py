"""The values of a reason, from which its sentence is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Values = Mapping[str, float | str]
Sentence = str | Callable[[Values], str]  # a template, or what makes it


def words(sentence: Sentence, values: Values) -> str:
    """The sentence with its values. Raises KeyError, TypeError, ValueError or OverflowError where they do not fit."""
    return sentence(values) if callable(sentence) else sentence.format_map(values)


def number(values: Values, name: str) -> float:
    """Raises KeyError if there is none of that name, TypeError if it is a text."""
    value = values[name]
    if isinstance(value, str):
        raise TypeError(f"{name} is not a number")
    return value
