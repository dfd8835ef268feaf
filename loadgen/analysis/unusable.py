"""Whether a run says nothing of its target: nothing was answered, or all that was sent failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from loadgen.exchange import Outcome
from loadgen.record.ledger import Ledger
from loadgen.record.samples import Kind
from loadgen.result.reason import Reason

NEVER_THERE = (Outcome.REFUSED, Outcome.DNS, Outcome.TLS, Outcome.TIMEOUT, Outcome.RESET)
SOUND = (Outcome.OK, Outcome.CONDITION_FAILED, Outcome.PARTIAL)  # answers of a target that does what it should
OURS = (Outcome.CLIENT_RESOURCE, Outcome.CANCELLED, Outcome.LOST)  # which say nothing of the target


def unusable(totals: Ledger, reasons: Mapping[Kind, int]) -> Reason | None:
    """Why the run says nothing of its target, with the most frequent failure; None if it does say something. `reasons`
    are empty where they are not known, as of a run that died."""
    counts = totals.outcome_counts()
    failed = {of: counts[of] for of in Outcome if counts[of] and of not in SOUND and of not in OURS}
    if not failed or any(counts[of] for of in SOUND):
        return None
    kinds: Counter[tuple[Outcome, str]] = Counter()
    for (_, number, why), count in reasons.items():
        if Outcome(number) in failed:
            kinds[Outcome(number), why] += count
    outcome = max(failed, key=failed.__getitem__)
    (outcome, why), count = max(kinds.items(), key=lambda kind: kind[1], default=((outcome, ""), failed[outcome]))
    code = "nothing_answered" if all(of in NEVER_THERE for of in failed) else "everything_failed"
    return Reason.of(code, outcome=outcome.word, reason=why, count=count, sent=sum(counts))
