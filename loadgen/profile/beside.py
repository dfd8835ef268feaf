"""What goes on beside the phases: streams of requests whose figures stand apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from loadgen.profile.part import Count, Duration, Name, complaint
from loadgen.profile.scenario import Scenario, Step

DRAIN = "drain"  # the name of what arrives after the last phase


class Beside(Step):
    """A stream of requests beside the phases, from the start of the first one to the end of the last one: so many at
    once, every so often. It has a name and a request as a step has. Its figures stand apart from those of the
    phases."""

    own: ClassVar[tuple[str, ...]] = ("every", "at-once", "after")  # the keys that a step does not have

    name: Name
    """The stream's name in results and in thresholds."""

    every: Duration
    """The time from one group of requests to the next."""

    at_once: Count = Field(default=1, validation_alias="at-once")
    """How many requests are due at the same instant, over all workers."""

    after: Duration = 0
    """When the first group is due, counted from the start of the load."""

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        name, *others = super().keys()
        return (name, *cls.own, *(key for key in others if key not in cls.own))

    @classmethod
    def read(cls, value: dict[str, Any], folder: Path) -> dict[str, Any]:
        fields = super().read(value, folder)
        if "think" in fields:
            raise complaint("is a pause between two steps, and this is one request", "Use every", ("think",))
        return fields

    @model_validator(mode="after")
    def _check_stream(self) -> Self:
        if self.name == DRAIN:
            raise complaint(f"{DRAIN} is what the end of a load is called", "Choose another name", ("name",))
        return self

    @property
    def scenario(self) -> Scenario:
        """What each of its iterations does."""
        return Scenario(name=self.name, steps=(self,))
