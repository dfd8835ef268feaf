"""What an experiment draws from its seed: the order in which the variants of a round run, and the seed of each run.

The rounds come in blocks of as many as there are variants. In a block each variant has each place once: of two, AB and
then BA, or BA and then AB. So what the place does, such as a target that is still cold in the first run of each round,
does the same to all of them. Whom a variant runs behind is balanced too, within a block if the number of variants is
even, and otherwise over two of them (Williams 1949, Experimental designs balanced for the estimation of residual
effects of treatments).
"""

from __future__ import annotations

from loadgen.workload.draws import stream_of

_ORDER, _ROUND = 8, 9  # the number of a random stream of the seed


def order(seed: int, number: int, variants: int) -> list[int]:
    """The order of the variants, given by their indices, in round `number` (from 1)."""
    block, row = divmod(number - 1, variants)
    mirrored = variants % 2 and block % 2
    dice = stream_of((seed, _ORDER, block - mirrored))
    names, rows = dice.permutation(variants), (dice.permutation(variants), dice.permutation(variants))[mirrored]
    return [int(names[(place + rows[row]) % variants]) for place in _zigzag(variants)[:: -1 if mirrored else 1]]


def _zigzag(variants: int) -> list[int]:
    """0, 1, -1, 2, -2 and so on: each difference of neighbours is another one, modulo `variants`."""
    return [(place + 1) // 2 * (1 if place % 2 else -1) % variants for place in range(variants)]


def seed_of(seed: int, number: int, variant: int | None = None) -> int:
    """The seed of a run in round `number`, from 1. The runs of one round have the same arrivals, and each round has
    others. In a duet each `variant`, given by its index, has arrivals of its own as well: two that send the same
    requests at the same instants meet in the target, and one of them is always behind the other."""
    own = () if variant is None else (variant,)
    return int(stream_of((seed, _ROUND, number, *own)).integers(2**62))
