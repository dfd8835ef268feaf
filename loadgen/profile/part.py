"""What the models of a profile share: how written YAML becomes a value, and how a mistake is worded."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from loadgen.profile import units
from loadgen.profile.units import quoted


@dataclass(frozen=True, slots=True)
class Written:
    """The validation context of a profile that a user wrote: files are relative to `folder`, and units are required."""

    folder: Path


def complaint(problem: str, remedy: str = "", at: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """A mistake in our own words. `at` is the way from the value that is being read to the wrong key."""
    return PydanticCustomError("profile", "{problem}", {"problem": problem, "remedy": remedy, "at": at})


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """The remedy for an unknown name: the most similar known name, and all known names."""
    near = nearest(name, known, 0.7)
    return f"{f'Did you mean {near}? ' if near else ''}Known: {', '.join(known) or 'none'}"


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The known name that is most like it, in whatever case; empty if none is."""
    by_lower_case = {of.lower(): of for of in known}
    near = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=likeness)
    return by_lower_case[near[0]] if near else ""


class Part(BaseModel):
    """A mapping of the profile. A field with `exclude=True` is computed, and users cannot write it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, defer_build=True
    )
    nullable: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The keys that may be written."""
        return tuple(
            str(field.validation_alias or name) for name, field in cls.model_fields.items() if not field.exclude
        )

    @classmethod
    @cache
    def descriptions(cls) -> dict[str, str]:
        """What each field is for: its description, or its docstring. These are read from the source when somebody asks,
        because all processes of a run import this, and few of them tell it."""
        docstrings = {name: text for of in reversed(cls.__mro__) for name, text in _docstrings(of).items()}
        return {name: field.description or docstrings.get(name, "") for name, field in cls.model_fields.items()}

    @classmethod
    def short(cls, value: object) -> object:
        """The mapping that the short form `value` stands for; anything else as it is."""
        return value

    @classmethod
    def read(cls, value: dict[str, Any], folder: Path) -> dict[str, Any]:
        """The fields that follow from the written keys, if they differ."""
        return value

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: object, info: ValidationInfo) -> object:
        value = cls.short(value)
        if not isinstance(value, dict):
            return value
        if isinstance(info.context, Written):
            cls._check_keys(value)
            return cls.read(value, info.context.folder)
        return cls.read(value, Path())

    @classmethod
    def _check_keys(cls, value: dict[str, Any]) -> None:
        known = cls.keys()
        for key in value:
            if key not in known:
                raise complaint("unknown key", did_you_mean(key, known), (key,))
        for key, item in value.items():
            if item is None and key not in cls.nullable:
                raise complaint("has no value", "Give it one, or leave the key out", (key,))


def _docstrings(of: type) -> dict[str, str]:
    """The texts below the fields in the source of a part."""
    if not issubclass(of, Part):
        return {}
    (written,) = ast.parse(dedent(inspect.getsource(of))).body
    assert isinstance(written, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in pairwise(written.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


def unique(names: list[str], what: str, *at: str) -> None:
    """Raise a complaint at the first repeated name of the list at `at`."""
    seen: set[str] = set()
    for i, name in enumerate(names):
        if name in seen:
            raise complaint(f"there are two {what} called {name}", "Give each its own name", (*at, i, "name"))
        seen.add(name)


@dataclass(frozen=True, slots=True)
class FromText:
    """The annotation of a value that users write as text and `parse` reads. It refuses a number without a unit.

    Our own code may also pass a value that is already read.
    """

    parse: Callable[[str], Any]
    pattern: str
    example: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "examples": [self.example]}

    def _read(self, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            return self.parse(value)
        if isinstance(info.context, Written):
            return self.parse(str(value))
        return value


@contextmanager
def located(*at: str | int) -> Iterator[None]:
    """Turn a ValueError raised within into a complaint about the key at `at`."""
    try:
        yield
    except ValueError as error:
        if isinstance(error, PydanticCustomError):
            raise
        raise complaint(str(error), at=at) from None


def _positive(text: str) -> int:
    value = units.duration(text)
    if not value:
        raise ValueError(f"{quoted(text)} is too short: expected more than 0")
    return value


def whole(value: object) -> object:
    """A whole number, also from its digits as text, because environment variables are texts. Raises ValueError."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{quoted(value)} is not a whole number")
    return value


def _number(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,15})?", value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{quoted(value)} is not a number")
    return value


def _flag(value: object) -> object:
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise ValueError(f"{quoted(value)} is neither true nor false")
    return value


def _name(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(NAME_PATTERN, value):
        raise ValueError(f"{quoted(value)} is not a name: expected letters, digits, '-' and '_', 64 at most")
    return value


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} is not text: put it in quotes")
    return value


NAME_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}"

Duration = Annotated[int, FromText(_positive, units.DURATION_PATTERN, "250ms")]
Count = Annotated[int, Field(ge=1, le=10**9), BeforeValidator(whole)]
Number = Annotated[float, Field(gt=0, le=10**9), BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Name = Annotated[str, Field(pattern=f"^{NAME_PATTERN}$"), BeforeValidator(_name)]
Text = Annotated[str, BeforeValidator(_text)]
