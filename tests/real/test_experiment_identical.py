"""Two variants that are the same, on nginx: whatever this machine does meanwhile, neither is faster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from program import FULL, VALID, prepare, run
from servers import Server

from loadgen.experiment import comparison
from loadgen.experiment.together import assembled

pytestmark = pytest.mark.real

TIMES, LASTING = (20, "1s") if FULL else (3, "500ms")
WORDS = {"faster", "slower"}
PROFILE = """
name: identical
target: TARGET/
seed: SEED
load: [{name: steady, rate: 200/s, for: LASTING}]
experiment: {variants: {one: {}, other: {}}, rounds: 6, pause: 50ms, primary: steady get response p50}
"""


def claims(result: dict[str, Any]) -> list[str]:
    """The figures of which a difference is claimed, in words."""
    return [
        f"{figure['metric']} {figure['quantile']}{' (primary)' * figure['primary']} {figure['verdict']}: "
        f"{figure['ratio']:.3f} [{figure['ratio_low']:.3f}, {figure['ratio_high']:.3f}]"
        for figure in result["comparison"]["figures"]
        if figure["verdict"] in WORDS
    ]


@pytest.fixture
def whatever_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts on runs as if nothing had disturbed them: a machine that is busy otherwise would withhold most, which
    proves nothing of those that are given."""
    monkeypatch.setattr(comparison, "checks", lambda pair: [])
    monkeypatch.setattr(comparison, "_trend", lambda pair, found: iter(()))


@pytest.mark.usefixtures("whatever_happened")
def test_at_most_once_is_one_faster(nginx: Server, tmp_path: Path) -> None:
    claimed: list[str] = []
    for number in range(1, TIMES + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = PROFILE.replace("TARGET", nginx.http).replace("SEED", str(number)).replace("LASTING", LASTING)
        ran = run(folder, *prepare(folder, text), "--json", limit=300)
        assert ran.status in VALID, ran.err
        given, found = json.loads(ran.out), assembled(ran.folder)
        (primary,) = (figure for figure in found["comparison"]["figures"] if figure["primary"])
        assert primary["verdict"] in {"faster", "slower", "equivalent", "inconclusive"}
        assert {*claims(given)} == ({*claims(found)} if given["comparison"]["valid"] else set())
        claimed += [f"experiment {number}: {claim}" for claim in claims(found)][:1]
    assert len(claimed) <= 1, claimed
