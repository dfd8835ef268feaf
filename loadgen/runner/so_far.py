"""What the signals of trust say of a run that still goes on, as they would if it ended now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from loadgen.clock import cpu, now
from loadgen.result.run import TrustSignal
from loadgen.trust.evidence import Evidence
from loadgen.trust.verdict import judge

LATER = ("ledgers", "sandbox")  # what is open is in no outcome yet; the sandbox is asked when all is over
SPARING = 100  # times as long as it took to judge, it is not judged again


class SoFar:
    """Judges again at each `look` that comes late enough: of many steps there is much to add up, and the CPU is the
    load's."""

    def __init__(self, evidence: Callable[[], Evidence]) -> None:
        self._evidence, self._again = evidence, 0
        self.signals: tuple[TrustSignal, ...] | None = None

    def look(self) -> None:
        if now() < self._again:
            return
        begun = cpu()
        findings = judge(replace(self._evidence(), mismatches=[]))
        self.signals = tuple(finding.to_result() for finding in findings if finding.signal not in LATER)
        self._again = now() + SPARING * (cpu() - begun)
