"""Whether the folder of a machine's run holds all that its result counts. One that lost a file on its way, or was cut
short, would leave less in the sums than the machine sent, and nobody would see it. A run that died has no result that
could tell."""

from __future__ import annotations

from collections.abc import Collection

from loadgen.errors import ProfileError
from loadgen.experiment.merge.part import Part
from loadgen.record.ledger import Ledger
from loadgen.record.seconds import FILE

SHOWN = 3  # names of files
AGAIN = "Bring the whole folder again"


def check_ledgers(part: Part, workers: Collection[int], own: Ledger) -> None:
    """Raises ProfileError if the ledgers of these workers, whose sum is `own`, are not those of a complete result."""
    if not part.result.complete:
        return
    if missing := [number for number in range(part.result.workers) if number not in workers]:
        names = ", ".join(f"worker-{number}.counters" for number in missing[:SHOWN])
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise ProfileError(f"has no {names}{more}, and a result that is complete", file=str(part.folder), remedy=AGAIN)
    counted, told = sum(own.sent), sum(phase.requests.sent for phase in part.result.variant.counted)
    if counted != told:
        what = f"has ledgers of {counted:,} requests, and a result of {told:,}"
        raise ProfileError(what, file=str(part.folder), remedy=AGAIN)


def check_latencies(part: Part, exchanges: int, timed: int) -> None:
    """Raises ProfileError if so many finished exchanges of a complete result have no latencies, or if more have."""
    if part.result.complete and timed != exchanges:
        what = f"has in {FILE} the latencies of {timed:,} exchanges, and ledgers of {exchanges:,}"
        raise ProfileError(what, file=str(part.folder), remedy=AGAIN)
