"""How to carry a profile out, in addition to what the profile says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loadgen.engine.machine import WHOLE, MachineShare
from loadgen.fleet.nodes import Nodes
from loadgen.result.resolution import Resolution
from loadgen.runner.destination import SandboxAt, StartSandbox
from loadgen.runner.join import Wanted
from loadgen.runner.until.goal import Decided, Goal


@dataclass(frozen=True, slots=True)
class Options:
    """`out` is the run's folder, and `needed` says that the load must not begin if it cannot be written; `prepared`
    says that a table which the load needs has been made ready, and is told about, by whoever asks; `until` is what a
    phase goes on for; `accept_invalid` decides thresholds on the figures of an INVALID run too; `witness` asks for
    one; `preflight` is whether each step is tried once before the load; `resolution` is that of this machine's
    self-test, without which the workers measure it before the load. `share` is this machine's part of the load, of
    which the others carry out the rest; all begin at `start_at`, in ns of the wall clock; None: as soon as this
    machine is ready. `confirmed`: the user has agreed that the target's function is changed (`force_cold`). `nodes` are
    the machines that the load comes from, without which it is this one. `join` is where to look for its requests when
    it is over."""

    out: Path
    start_sandbox: StartSandbox | None = None
    sandbox_at: SandboxAt | None = None
    prepared: bool = False
    until: Goal | Decided | None = None
    accept_invalid: bool = False
    witness: bool = False
    preflight: bool = True
    needed: bool = False
    resolution: Resolution | None = None
    share: MachineShare = WHOLE
    start_at: int | None = None
    nodes: Nodes | None = None
    confirmed: bool = False
    join: Wanted | None = None
