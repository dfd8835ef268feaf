"""This machine while a run goes on: its workers, and what the signals of trust say so far."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.report.styles import BAD, DIM, GOOD, STRONG, WARN, Part
from loadgen.report.terminal.blocks import LEAD, Block, Said, flowing, lead
from loadgen.report.terminal.chart import bars
from loadgen.report.terminal.line import Line, flow, rows_of
from loadgen.report.trust import reason
from loadgen.report.words import count
from loadgen.result.run import TrustSignal
from loadgen.runner.progress import Progress

MARKS = {"VALID": ("●", GOOD), "DEGRADED": ("▲", WARN), "INVALID": ("■", BAD)}
WORST = {"VALID": 0, "DEGRADED": 1, "INVALID": 2}


def workers(runs: Sequence[Progress], width: int) -> Block:
    all_ = [worker for p in runs for worker in p.by_worker]
    asked = sum(p.workers for p in runs)
    use = [worker.core_use for worker in all_ if worker.core_use is not None]
    parts: list[Part] = [f"{count(asked)} {'process' if asked == 1 else 'processes'}"]
    if lost := sum(worker.lost for worker in all_):
        parts.append((f"{lost} lost", BAD))
    if use:
        of = f"{use[0]:.0%}" if len(use) == 1 else f"each {min(use):.0%} to {max(use):.0%}"
        parts.append(f"{bars(use, 1, 1.0)[0][: width // 3]} of a core: {of}")
    return flowing("workers", parts, width, 1)


def trust(runs: Sequence[Progress], width: int, said: Said) -> Block:
    signals = _worst(runs)
    if not signals:
        return flowing("this machine", [("nothing is known of it yet", DIM)], width, 1, least=2)
    bad = sorted((of for of in signals if WORST[of.verdict]), key=lambda of: -WORST[of.verdict])
    verdict = bad[0].verdict if bad else "VALID"
    head = lead("this machine")
    for signal in signals:
        head.add(*MARKS[signal.verdict])
    head.add(f"  {verdict} so far", MARKS[verdict][1] or STRONG)
    head = flow(head.add(": " if bad else ""), [said(of.signal) for of in bad], width, 1, ", ")[0]
    reasons = [Line((f"{'':{LEAD}}", "")).add(*MARKS[of.verdict]).add(f" {said(reason(of))}").cut(width) for of in bad]
    fine = [said(of.signal) for of in signals if not WORST[of.verdict]]
    before = Line().pad(LEAD).add("fine: ", DIM)
    needed = rows_of(before, fine, width, 3)

    def draw(rows: int) -> list[Line]:
        told = reasons[: rows - 1]
        left = rows - 1 - len(told)
        return [head, *told, *(flow(before, fine, width, left, ", ") if left and fine else [])]

    return Block(draw, 2, 1 + len(reasons) + needed)


def _worst(runs: Sequence[Progress]) -> list[TrustSignal]:
    """The signals of all runs, of each the one with the worst verdict."""
    found: dict[str, TrustSignal] = {}
    for p in runs:
        for signal in p.trust or ():
            known_ = found.get(signal.signal)
            if known_ is None or WORST[signal.verdict] > WORST[known_.verdict]:
                found[signal.signal] = signal
    return [*found.values()]
