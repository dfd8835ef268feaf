"""Before a load on any target but a sandbox: one exchange of each step, unmeasured; a run stops here if they fail."""

from __future__ import annotations

from pathlib import Path

from loadgen.aws.auth import Access
from loadgen.errors import TargetError
from loadgen.exchange import Outcome
from loadgen.net.names import Address, Origin
from loadgen.profile.model import Profile
from loadgen.record.excerpt import excerpt_of, printable
from loadgen.runner.advice import remedy_for
from loadgen.runner.probe import ProbedExchange, probe

OF_A_TABLE = (Outcome.CONDITION_FAILED, Outcome.PARTIAL, Outcome.THROTTLED)  # of a table in good order


async def preflight(
    profile: Profile, origin: Origin, addresses: tuple[Address, ...], ca: Path | None, access: Access
) -> list[ProbedExchange]:
    """The last exchange of each step. Raises TargetError, which names the step and the failure, if a step of any
    scenario fails."""
    last = {(probed.scenario, probed.step): probed for probed in await probe(profile, origin, addresses, ca, access)}
    for probed in last.values():
        exchange = probed.exchange
        if exchange.outcome and not (profile.target.dynamodb and exchange.outcome in OF_A_TABLE):
            told = (printable(exchange.reason), excerpt_of(exchange).message)
            reason = "".join(f": {part}" for part in told if part)
            advice = remedy_for(origin.url, exchange)
            raise TargetError(
                f"{origin.url}: the step {probed.step} failed before the load ({exchange.outcome.word}{reason}). "
                f"{f'{advice}. ' if advice else ''}Nothing more was sent. `loadgen once` shows the whole exchange; "
                "--no-preflight sends the load all the same"
            )
    return [*last.values()]
