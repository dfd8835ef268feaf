"""How to carry a profile out, in addition to what the profile says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loadgen.runner.destination import SandboxAt, StartSandbox
from loadgen.runner.until.goal import Goal


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run. `out` is the run's folder, and `needed` says that the load must not begin if it cannot be
    written; `workers` is the command line's `--workers`; `prepared` says that the caller has made the table ready and
    reports it; `until` is the goal of a phase that goes on until it is reached; `accept_invalid` lets thresholds be
    decided by the figures of an INVALID run; `witness` asks for a witness."""

    out: Path
    workers: str = "1"
    start_sandbox: StartSandbox | None = None
    sandbox_at: SandboxAt | None = None
    prepared: bool = False
    until: Goal | None = None
    accept_invalid: bool = False
    witness: bool = False
    needed: bool = False
