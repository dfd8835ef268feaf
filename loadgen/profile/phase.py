"""When the load comes: phases, one after the other."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loadgen.clock import SECOND
from loadgen.profile.part import Count, Duration, Flag, FromText, Name, Part, complaint
from loadgen.profile.rate import SHAPES, Rate
from loadgen.profile.scenario import ThinkTime

OFFERS = ("rate", "users", "at-once")

RATE = f"""An open load: the rate at which iterations start, whatever the target does. \
{", or ".join(shape.words for shape in SHAPES.values())}."""

RateText = Annotated[Rate, FromText(Rate.parse, "|".join(shape.pattern for shape in SHAPES.values()), "200/s")]


class Phase(Part):
    """A part of the load: open (rate), closed (users), or all at once (at-once)."""

    name: Name
    """The phase's name in results, in thresholds and in --set."""

    rate: RateText | None = Field(default=None, description=RATE)

    users: Count | None = None
    """A closed load: the number of users. Each starts its next iteration when its last one is done."""

    at_once: Count | None = Field(default=None, validation_alias="at-once")
    """The number of iterations that are all due at the same instant. The phase ends when they are done."""

    duration: Duration | None = Field(default=None, validation_alias="for")
    """How long the phase starts iterations."""

    iterations: Count | None = None
    """How many iterations the phase starts. A closed phase may also have for; it ends at whichever comes first."""

    arrivals: Literal["poisson", "constant"] = "poisson"
    """poisson: at random times, like independent callers; constant: evenly spaced. Only with rate."""

    think: ThinkTime | None = None
    """A user's pause between two iterations: 1s, or 1s..3s for a random one in this range. Only with users."""

    measure: Flag = True
    """false: the phase is a warm-up, and its figures do not count. It runs once, not in every cycle, unless it stands
    between measured phases."""

    @property
    def kind(self) -> Literal["open", "closed", "at-once"]:
        return "open" if self.rate else "closed" if self.users else "at-once"

    @property
    def closed(self) -> bool:
        return self.kind == "closed"

    @property
    def length(self) -> int | None:
        """How long it takes, in ns; None if only the run shows it."""
        if self.rate and self.iterations:
            return round(self.iterations / self.rate.highest * SECOND)
        return self.duration if self.iterations is None else None

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = {str(type(self).model_fields[name].validation_alias or name) for name in self.model_fields_set}
        offers = [key for key in OFFERS if key in given]
        if len(offers) != 1:
            problem = f"has both {offers[0]} and {offers[1]}" if offers else "has no load"
            raise complaint(problem, "Give it exactly one of rate: 200/s, users: 10 or at-once: 100")
        for key, offer in (("arrivals", "rate"), ("think", "users")):
            if key in given and offer != offers[0]:
                raise complaint(f"{key} goes with {offer}, not with {offers[0]}", "Leave it out", (key,))
        self._check_end(offers[0])
        return self

    def _check_end(self, offer: str) -> None:
        ends = [key for key, value in (("for", self.duration), ("iterations", self.iterations)) if value is not None]
        if offer == "at-once":
            if ends:
                raise complaint("a phase with at-once ends when all are done", "Leave this out", (ends[0],))
        elif not ends:
            raise complaint("never ends", "Add for: 30s or iterations: 1000")
        elif self.rate and len(ends) == 2:
            raise complaint("for and iterations would both end it", "Leave out one of them", ("iterations",))
        elif self.rate and not self.rate.steady and self.iterations:
            raise complaint("a rate that changes needs a duration", "Use for instead", ("iterations",))
