"""Runs on a sandbox with known settings, in virtual time, and the twins that are fitted to them."""

from __future__ import annotations

import json
from pathlib import Path

from run_folders import fail
from run_results import metadata

from loadgen.analysis.build import Measured, quantiles_of
from loadgen.analysis.conclusion import Ending, conclude
from loadgen.analysis.standing import NOTHING_KNOWN
from loadgen.clock import VirtualClock
from loadgen.engine.plan import Plan
from loadgen.experiment.saved import read
from loadgen.experiment.twin.fit import Sandboxes, fit
from loadgen.experiment.twin.observed import observed
from loadgen.experiment.twin.virtual import START, VirtualLoad
from loadgen.fleet.group import merge
from loadgen.profile.load import load
from loadgen.profile.sandbox import SandboxSettings
from loadgen.record.packed import pack
from loadgen.result.codec import to_json
from loadgen.result.run import Target
from loadgen.result.twin import TwinResult
from loadgen.sandbox.virtual import VirtualSandbox
from loadgen.store import RunFolder

SANDBOXES = Sandboxes(VirtualSandbox, lambda settings: VirtualSandbox(settings, VirtualClock()).serve)
BEGINNING = "name: known\ntarget: sandbox\n"


def run_on_sandbox(
    folder: Path, text: str, *, preopen: int = 0, simulated: bool = True, url: str = "https://a/"
) -> Path:
    """The folder of a run of that profile (`name` and `target` may be left out) on the sandbox that it describes."""
    loaded = load("known.yaml", text=text if "target:" in text else BEGINNING + text)
    profile, plan, clock = loaded.profile, Plan.of(loaded.profile), VirtualClock(START)
    settings = (profile.sandbox or SandboxSettings()).model_copy(update={"seed": 99})
    of = VirtualLoad(profile, plan, clock, VirtualSandbox(settings, clock), preopen)
    recording = of.carry_out()
    pieces = pack(recording.flush())
    known = metadata(profile, target=Target(url=url, simulated=simulated, description=(), addresses=()))
    kept = RunFolder(folder, fail)
    kept.begin(loaded.resolved, {**to_json(known), "plan": json.loads(json.dumps(plan.describe()))})
    kept.second(pieces, [])
    reasons = merge([of.samples.kept()], 5).reasons
    measured = Measured(plan, of.ledger, recording, quantiles_of(profile), reasons)
    ending = Ending(clock.now() - START, str(folder))
    assert kept.finish(to_json(conclude(known, measured, NOTHING_KNOWN, ending, {})))
    return folder


def twin_of(folder: Path, check: bool = True) -> TwinResult:
    return fit(observed(folder, read(folder)), SANDBOXES, check)
