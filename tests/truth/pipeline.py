"""A load in virtual time through every part of the product but sockets and processes, and oracles that share no code
with it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine_harness import Run, Script, profile
from run_folders import write_seconds
from run_results import concluded

from loadgen.result.codec import from_json, to_json
from loadgen.result.run import RunResult

FULL = bool(os.environ.get("LOADGEN_FULL_TESTS"))
DIGITS = Decimal("0.001")  # how far a reported percentile may be above the true one, as a share of it
NS = 1_000_000  # in a millisecond

Block = dict[str, Any]  # the figures of one latency in a result


@dataclass(frozen=True, slots=True)
class Told:
    """What a user is told of a run: `result` is read back from the file."""

    run: Run
    result: dict[str, Any]

    @property
    def phases(self) -> list[dict[str, Any]]:
        return list(self.result["variants"][0]["phases"])

    def phase(self, name: str, cycle: int = 1) -> dict[str, Any]:
        return next(phase for phase in self.phases if (phase["name"], phase["cycle"]) == (name, cycle))

    def block(self, name: str, metric: str = "response", cycle: int = 1, step: int = 0) -> Block:
        return dict(self.phase(name, cycle)["steps"][step]["latency_ms"][metric])


def told(run: Run, folder: Path, accepted: bool = False) -> Told:
    """Keep a run that was carried out, judge and conclude it, and read what was written. Nothing is known of the
    machine; `accepted`: the user takes the figures even if it is INVALID."""
    kept = write_seconds(folder, run)
    result = concluded(run, folder, accepted=accepted)
    assert kept.finish(to_json(result))
    document = json.loads((folder / "result.json").read_text())
    assert from_json(RunResult, document) == result, "what was written is what was concluded"
    return Told(run, document)


def tell(text: str, script: Script, folder: Path, **options: Any) -> Told:
    """Carry out the profile that `text` is (`name` and `target` may be left out), and read what comes of it."""
    return told(Run(profile(text), script, **options).go(), folder)


# oracles


def nearest_rank(values: Sequence[int], percentile: str) -> int:
    """The least value that at least so many percent of all are not greater than (`p99.9`)."""
    parts = Decimal(percentile.removeprefix("p")) / 100 * len(values)
    position = int(parts.to_integral_value(rounding="ROUND_CEILING"))
    return sorted(values)[max(position, 1) - 1]


def ns(milliseconds: float) -> int:
    """A figure of a result; to the nanosecond, as results hold six digits after the point."""
    return round(Decimal(repr(milliseconds)) * NS)


def assert_tells(block: Block, values: Sequence[int], *quantiles: str) -> None:
    """The block's figures are those of `values` (ns): count, mean and extremes exactly, percentiles within 0.1 %, and
    never below the truth."""
    assert block["count"] == len(values)
    assert (ns(block["min"]), ns(block["max"])) == (min(values), max(values))
    assert abs(Decimal(repr(block["mean"])) * NS * len(values) - sum(values)) <= len(values)
    assert ns(block["spent"]) == sum(values)
    shown = quantiles or [name for name in block if name[0] == "p" and block[name] is not None]
    assert shown, "there is no percentile"
    for name in shown:
        truth = nearest_rank(values, name)
        assert truth <= ns(block[name]) <= truth * (1 + DIGITS), (name, truth, block[name])
