"""Two variants that are the same, on nginx: whatever this machine does meanwhile, neither is faster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from program import FULL, VALID, prepare, run
from servers import Server

from loadgen.experiment import comparison, standing
from loadgen.experiment.folder import assembled
from loadgen.result.codec import to_json

pytestmark = pytest.mark.real

WORDS = {"faster", "slower"}
PROFILE = """
name: identical
target: TARGET/
seed: SEED
load: [{name: steady, rate: 200/s, for: LASTING}]
experiment: {variants: {one: {}, other: {}}, rounds: 6, pause: 50ms, margin: MARGIN, primary: steady get response p50}
"""


def claims(result: dict[str, Any]) -> list[str]:
    """The figures of which a difference is claimed, in words."""
    return [
        f"{figure['metric']} {figure['quantile']}{' (primary)' * figure['primary']} {figure['verdict']}: "
        f"{figure['ratio']:.3f} [{figure['ratio_low']:.3f}, {figure['ratio_high']:.3f}]"
        for figure in result["comparison"]["figures"]
        if figure["verdict"] in WORDS
    ]


def experiments(folder: Path, target: str, times: int, lasting: str, margin: str) -> Iterator[tuple[Any, Any]]:
    """Results of so many: as they were given, and as if nothing had disturbed them. A machine that is busy otherwise
    has most verdicts withheld, which proves nothing of those that are given."""
    for number in range(1, times + 1):
        place = folder / str(number)
        place.mkdir()
        words = {"TARGET": target, "SEED": str(number), "LASTING": lasting, "MARGIN": margin}
        text = reduce(lambda text, word: text.replace(*word), words.items(), PROFILE)
        ran = run(place, *prepare(place, text), "--json", limit=300)
        assert ran.status in VALID, ran.err
        given = json.loads(ran.out)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(comparison, "checks", lambda pair: [])
            patch.setattr(standing, "doubt", lambda pair, key, quantile: None)
            judged = to_json(assembled(ran.folder))
        (primary,) = (figure for figure in judged["comparison"]["figures"] if figure["primary"])
        assert primary["verdict"] in WORDS | {"equivalent", "inconclusive"}
        assert {*claims(given)} == ({*claims(judged)} if given["comparison"]["valid"] else set())
        yield given, judged


@pytest.mark.skipif(not FULL, reason="takes most of a minute; set LOADGEN_FULL_TESTS=1")
def test_neither_is_faster(nginx: Server, tmp_path: Path) -> None:
    """With a margin beyond what this machine does by itself, so that chance has no part in it."""
    found = [claims(judged) for _, judged in experiments(tmp_path, nginx.http, 3, "500ms", "25%")]
    assert sum(map(bool, found)) <= 1, found


@pytest.mark.skipif(not FULL, reason="takes ten minutes; set LOADGEN_FULL_TESTS=1")
def test_of_twenty_at_most_one_is_faster(nginx: Server, tmp_path: Path) -> None:
    """As the project promises it. As if nothing had disturbed them the primary figure may claim one in twenty: six or
    more would come by chance three times in ten thousand."""
    found = [*experiments(tmp_path, nginx.http, 20, "800ms", "5%")]
    given = [claims(result) for result, _ in found if claims(result)]
    judged = [each for _, result in found for each in claims(result) if "(primary)" in each]
    assert len(given) <= 1, given
    assert len(judged) <= 5, judged
