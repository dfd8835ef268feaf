"""Whose time a quantile is: of the p99 of 41 ms, how much were the target and its network, how much this machine.

The parts of a quantile are those of the exchanges about its rank, together, and not the parts' own percentiles, which
do not add up. They are scaled to the quantile, from which such exchanges mostly differ by little. Where they are few
and far apart, whose it was is not known.
"""

from __future__ import annotations

from loadgen.clock import MILLISECOND
from loadgen.record.share import MOSTLY_STAMPED, Part, Shares
from loadgen.result.latency import Latency
from loadgen.result.run import Attribution
from loadgen.stats import fraction, rank

TOLD = ("p50", "p99", "p99.9")
WITHIN = 10  # the exchanges are those within a tenth of what lies beyond the quantile, at either side
LEAST = 2  # and as many at the least
ALIKE = 0.1  # how far from the quantile they may be on average, as a share of it


def whose(shares: Shares, figures: Latency, holds_back: bool = False) -> dict[str, Attribution]:
    """Whose time each quantile is, of those that are known. `figures` are those of the exchanges in `shares`, perhaps
    with timeouts beyond them. `holds_back`: retries are adaptive, so that `sign` is mostly what they held back."""
    parts: dict[str, Attribution] = {}
    for name in TOLD if shares.count else ():
        if (value := figures.quantiles.get(name)) is not None:
            position = min(rank(fraction(name), figures.count), shares.count)
            if divided := _divided(shares, position, name, value, holds_back):
                parts[name] = divided
    return parts


def _divided(shares: Shares, position: int, name: str, value: float, holds_back: bool) -> Attribution | None:
    p = fraction(name)
    reach = max(LEAST, round(min(p, 1 - p) * shares.count / WITHIN))
    sums = shares.between(max(1, position - reach), min(shares.count, position + reach))
    if abs(sums[Part.WHOLE] / sums[Part.COUNT] / MILLISECOND - value) > ALIKE * value:
        return None
    scale = value / sums[Part.WHOLE] if sums[Part.WHOLE] else 0.0
    sign = sums[Part.SIGN] - sums[Part.BUILD]
    connecting = sums[Part.CONNECT_DELAY] + sums[Part.HANDSHAKE_CPU]
    parts = {
        "connect": sums[Part.CONNECT] - connecting,
        "wait": sums[Part.WAIT] - sums[Part.WAIT_DELAY],
        "build": sums[Part.BUILD],
        "held": sign if holds_back else 0.0,
        "own": sums[Part.LAG]
        + sums[Part.WAIT_DELAY]
        + connecting
        + sums[Part.CLIENT_DELAY]
        + (0.0 if holds_back else sign),
    }
    parts = {"target": sums[Part.WHOLE] - sum(parts.values()), **parts}
    return Attribution(
        value=value,
        **{part: round(time * scale, 6) for part, time in parts.items()},
        own_at_least=sums[Part.STAMPED] < MOSTLY_STAMPED * sums[Part.COUNT],
        requests=round(sums[Part.COUNT]),
    )
