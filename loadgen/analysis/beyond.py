"""What a share of requests beyond a threshold's limit decides, as a result tells it."""

from __future__ import annotations

import math
import operator
from dataclasses import replace

from loadgen.profile.model import Threshold as Asked
from loadgen.result.run import Beyond, Status
from loadgen.stats import fraction
from loadgen.stats.shares import Share

OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
UPPER = ("<", "<=")


def limit_share(asked: Asked) -> float:
    """The share of requests that a threshold sets a limit to: 0.01 for a p99."""
    return asked.value if asked.kind == "errors" else float(1 - fraction(asked.quantile))


def decided(asked: Asked, share: Share, confidence: float) -> tuple[Status, Beyond]:
    """Whether these counts keep a threshold on a percentile or on errors."""
    limit = limit_share(asked)
    low, high = share.interval(confidence)
    counts = Beyond(
        requests=share.count,
        beyond=share.beyond,
        share=_round(share.value),
        low=_round(low),
        high=_round(high),
        limit=_round(limit),
        overdispersion=round(share.overdispersion, 3),
        events=round(share.expected(limit), 2),
        confidence=round(confidence, 6),
    )
    return _status(asked, share, limit, confidence), counts


def _status(asked: Asked, share: Share, limit: float, confidence: float) -> Status:
    if asked.kind == "errors" and share.beyond in (0, share.count):
        # none failed, or all: whoever asks how many may fail does not ask how many requests would prove it
        return "passed" if OPERATORS[asked.op](share.value, limit) else "failed"
    found = share.decided(limit, confidence)
    if found == "undecided":
        return found
    return "passed" if (found == "below") == (asked.op in UPPER) else "failed"


def longer(asked: Asked, share: Share, counts: Beyond, lasts: float | None) -> Beyond:
    """The counts that do not decide, with how much longer a run of `lasts` seconds would have to be."""
    times = share.times(limit_share(asked), counts.confidence) if lasts else None
    return replace(counts, more_s=round(lasts * (times - 1), 3) if lasts and times else None)


def more_rounds(asked: Asked, share: Share, counts: Beyond, rounds: int) -> Beyond:
    """The same over so many rounds."""
    times = share.times(limit_share(asked), counts.confidence)
    return replace(counts, more_rounds=math.ceil(rounds * (times - 1)) if times else None)


def _round(share: float) -> float:
    return round(share, 8)
