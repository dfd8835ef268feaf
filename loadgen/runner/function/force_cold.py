"""Forces cold starts: a changed description ends the environments of a function. It is restored at the end.

That a change of the configuration ends the environments is not in Lambda's documentation of the API; the result tells
how many calls were cold. A description is changed, and no environment variable, because variables may be secret, and
would have to be sent back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from loadgen.errors import LoadgenError, PlanError
from loadgen.profile.model import Profile
from loadgen.result.reason import Reason
from loadgen.result.run import ForcedCold, RunResult
from loadgen.runner.destination import Destination
from loadgen.runner.function.calls import Api, Settings
from loadgen.runner.function.changes import Changes
from loadgen.runner.function.journal import Journal
from loadgen.runner.secrets import Keeper

COLD = ("start=cold", "start=restored")


def check_forced(profile: Profile, loopback: bool, confirmed: bool, of: int = 1) -> int:
    """After how many iterations of a user the function is changed; 0: never. Raises PlanError if that cannot be, or if
    nobody has agreed to it. `of` is how many machines carry the load out."""
    function = profile.target.function
    if function is None or function.force_cold is None:
        return 0
    if not all(phase.users and phase.iterations for phase in profile.load):
        raise PlanError("target.lambda.force_cold: the load does not wait while the function is changed. Leave it out")
    if of > 1:
        raise PlanError("target.lambda.force_cold: several machines would change one function. Leave --share out")
    if not loopback and not confirmed:
        raise PlanError(
            f"target.lambda.force_cold changes the description of {function.name} again and again, which ends its "
            "environments for everybody. --yes agrees to that"
        )
    return function.force_cold


class ForceCold:
    """The changes of one run. `say` and `warn` get messages for the user."""

    def __init__(
        self, profile: Profile, to: Destination, keeper: Keeper, every: int, hide: Callable[[str], str],
        warn: Callable[[Reason], None],
    ) -> None:  # fmt: skip
        function = profile.target.function
        assert function
        self.every, self.changes = every, 0
        self._profile, self._to, self._keeper, self._warn = profile, to, keeper, warn
        self._name, self._token = hide(function.name), f"loadgen {token_hex(4)}"
        self._stack = AsyncExitStack()
        self._of: Changes | None = None
        self._original: Settings | None = None
        self._folder: Path | None = None
        self.failed, self.restored = False, True

    async def begin(self, folder: Path) -> None:
        """Look at the function, and write down in the run's folder what it has. Raises TargetError, PlanError."""
        api = await self._stack.enter_async_context(Api(self._profile, self._to, self._keeper.access))
        self._of, self._folder = Changes(api, Journal(folder), self._name), folder
        self._original = await self._of.begin(described=True)

    async def change(self) -> None:
        """End the environments. Raises TargetError, PlanError."""
        assert self._of and self._original
        await self._keeper.refresh()
        await self._of.set(replace(self._original, description=f"{self._token} {self.changes + 1}"))
        self.changes += 1

    async def end(self) -> None:
        """Restore the description. What keeps it from being restored is warned of."""
        try:
            if self._of and self._original:
                await self._keeper.refresh()
                await self._of.restore()
        except LoadgenError as error:
            self.failed, self.restored = True, False
            self._warn(Reason.of("force_cold_not_restored", error=str(error), folder=str(self._folder)))
        finally:
            self._of = None
            await self._stack.aclose()

    def result(self, run: RunResult) -> ForcedCold:
        """How many of a run's iterations were to be cold, and how many answers were."""
        phases = run.variant.phases
        started = sum(phase.iterations.started for phase in phases)
        users = max(phase.users or 1 for phase in self._profile.load)
        due = started if self.every == 1 else min(started, self.changes * users)
        strata = [of for phase in phases for step in phase.steps for of in step.strata]
        cold = sum(of.count for of in strata if of.stratum in COLD)
        return ForcedCold(self.every, self.changes, started, due, cold, self.restored)
