"""The response and service times of a run for HdrHistogram tools, from its folder: of ok requests, second by second."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from loadgen.analysis.documents import document
from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.record.hlog import Encoder, header, log_line
from loadgen.record.metrics import HEADLINES, Metric
from loadgen.record.recorder import Place
from loadgen.record.seconds import read_counts
from loadgen.stats import Histogram
from loadgen.stats.ticks import TICKS


def histogram_log(folder: Path) -> str:
    """The log of the run in that folder. Raises ProfileError, OSError, ValueError, KeyError or TypeError for what
    loadgen did not write."""
    about = document(folder / "run.json")
    started = round(datetime.fromisoformat(about["started"]).timestamp() * SECOND)
    return header(started) + "".join(_lines(folder, Plan.from_description(about["plan"])))


def _lines(folder: Path, plan: Plan) -> Iterator[str]:
    encoder = Encoder()
    for counts in read_counts(folder):
        by_second: dict[Place, list[Histogram]] = {}
        mine = counts.only(lambda key, metric: key.outcome == Outcome.OK and metric in HEADLINES)
        for (tick, key, metric), histogram in mine.histograms():
            by_second.setdefault((tick // TICKS, key, metric), []).append(histogram)
        for (second, key, metric), of in sorted(by_second.items(), key=lambda item: item[0]):
            tag = f"{_slot_name(plan, key.slot)}.{key.stratum or 'all'}.{Metric(metric).word}"
            yield log_line(tag, second, max(h.most for h in of), encoder.encode(Histogram.together(of)))


def _slot_name(plan: Plan, slot: int) -> str:
    run, (scenario, step) = plan.of_slot(slot)
    return f"{run.name}{f'-{run.cycle}' if run.cycle else ''}.{scenario}.{step}"
