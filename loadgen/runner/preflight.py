"""One exchange of each step before a load on a host that is not this machine. It is not measured. If one fails, the run
stops."""

from __future__ import annotations

from pathlib import Path

from loadgen.aws.auth import Access
from loadgen.errors import TargetError
from loadgen.exchange import Outcome
from loadgen.net.names import Address, Origin
from loadgen.profile.model import Profile
from loadgen.record.samples import printable
from loadgen.runner.advice import remedy
from loadgen.runner.probe import probe

OF_A_TABLE = (Outcome.CONDITION_FAILED, Outcome.PARTIAL, Outcome.THROTTLED)  # of a table in good order


async def preflight(
    profile: Profile, origin: Origin, addresses: tuple[Address, ...], ca: Path | None, access: Access
) -> None:
    """Raises TargetError, which names the step and the failure, if a step of any scenario fails."""
    last = {(probed.scenario, probed.step): probed for probed in await probe(profile, origin, addresses, ca, access)}
    for probed in last.values():
        exchange = probed.exchange
        if exchange.outcome and not (profile.target.dynamodb and exchange.outcome in OF_A_TABLE):
            reason = f": {printable(exchange.reason)}" if exchange.reason else ""
            advice = remedy(origin.url, exchange.outcome, exchange.reason)
            raise TargetError(
                f"{origin.url}: the step {probed.step} failed before the load ({exchange.outcome.word}{reason}). "
                f"{f'{advice}. ' if advice else ''}Nothing more was sent. `loadgen once` shows the whole exchange"
            )
