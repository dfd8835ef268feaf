"""Nothing that was planned, sent or answered is lost or counted twice in what a user reads (6): whatever the target
does, whenever the run is stopped, killed or dies."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from engine_harness import Run
from random_runs import random_profile, random_reply, random_run
from run_folders import write_seconds
from run_results import metadata

from loadgen.clock import SECOND
from loadgen.exchange import Exchange
from loadgen.experiment import saved
from loadgen.result.codec import to_json
from loadgen.transport.scripted import Reply
from truth.pipeline import FULL, Told, told

SEEDS = range(5000 if FULL else 12)
PART = 40 if FULL else 12  # seeds a test


def assert_conserved(result: dict[str, Any]) -> None:
    """Both ledgers add up in every phase and over all of them, and every figure is of as many as they say."""
    variant = result["variants"][0]
    for phase in variant["phases"]:
        iterations, requests = phase["iterations"], phase["requests"]
        assert iterations["planned"] == iterations["started"] + iterations["unsent"]
        assert iterations["unsent"] == sum(iterations["unsent_why"].values())
        assert iterations["started"] == sum(iterations[end] for end in ("completed", "failed", "cut_short"))
        assert (
            requests["sent"] == sum(requests["outcomes"].values()) == sum(s["requests"]["sent"] for s in phase["steps"])
        )
        assert requests["on_wire"] <= requests["sent"]
    for ledger in ("iterations", "requests"):
        parts = [phase[ledger] for phase in variant["phases"]]
        assert flat(variant[ledger]) == sum((flat(part) for part in parts), Counter())


def flat(ledger: dict[str, Any]) -> Counter[str]:
    """The figures by name; without those of 0, as counters add up."""
    nested = (item for inner in ledger.values() if isinstance(inner, dict) for item in inner.items())
    plain = ((name, value) for name, value in ledger.items() if not isinstance(value, dict))
    return +Counter(dict([*nested, *plain]))


def assert_timed(result: dict[str, Any]) -> None:
    """Each request that has ended is in the tables once: with its own parts, and under what became of it."""
    for phase in result["variants"][0]["phases"]:
        for step in phase["steps"]:
            outcomes, latency = Counter(step["requests"]["outcomes"]), step["latency_ms"]
            ended = step["requests"]["sent"] - outcomes["lost"]
            assert latency["sign"]["count"] == ended
            failed = {failure["outcome"]: failure["count"] for failure in step["failures"]}
            assert failed == {name: count for name, count in outcomes.items() if name != "ok"}
            if phase["kind"] != "closed":
                assert latency["lag"]["count"] == ended
                assert latency["response"]["count"] == outcomes["ok"] + outcomes["timeout"]


def of_target(told: Told) -> Counter[tuple[str, str, str]]:
    """What the clients handed back, by phase, step and outcome."""
    plan, found = told.run.plan, Counter[tuple[str, str, str]]()
    for x in told.run.exchanges:
        run, (_, step) = plan.of_slot(x.slot)
        found[f"{run.number}", step, x.outcome.word] += 1
    return found


@pytest.mark.parametrize("first", SEEDS[::PART])
def test_whatever_happens_all_of_it_is_told(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + PART):
        found = told(random_run(Random(seed)), tmp_path / f"{seed}")
        assert_conserved(found.result)
        assert_timed(found.result)
        wired = sum(x.sent > 0 for x in found.run.exchanges)
        assert found.result["variants"][0]["requests"]["on_wire"] == wired, "what the target's log would hold"
        said = Counter[tuple[str, str, str]]()
        for number, phase in enumerate(found.phases):
            for step in phase["steps"]:
                for outcome, count in step["requests"]["outcomes"].items():
                    said[f"{number}", step["step"], outcome] += count
        unsendable = said - of_target(found)
        assert {outcome for _, _, outcome in unsendable} <= {"unexpected"}, "those never came to a client"
        assert of_target(found) - said == Counter()


# a run that dies


class Died(Exception):
    """The process is gone between one instruction and the next."""


class Mortal:
    """A run that is kept as its folder is each second, and dies at an instant or while it sends its n-th request."""

    def __init__(self, dice: Random, folder: Path) -> None:
        self.folder, self.timed, self._dice = folder, 0, dice
        self._breaths = dice.randint(1, 60) if dice.random() < 0.4 else -1
        self.run = Run(random_profile(dice), self._reply, workers=dice.choice((1, 1, 2, 3)))
        self._kept = write_seconds(folder, self.run, **to_json(metadata(self.run.profile)))
        for second in range(1, 9):
            self.run.at(second * SECOND, self._second)
        self.run.at(dice.randint(0, 4 * SECOND), self._die)

    def _reply(self, x: Exchange) -> Reply:
        self._breaths -= 1
        if not self._breaths:
            raise Died
        return random_reply(self._dice)

    def _die(self, run: Run) -> None:
        raise Died

    def _second(self, run: Run) -> None:
        for member in run.members:
            member.recorder.flush()
        self._kept.second(run.recording.packed(), [])
        run.recording.flush()
        self.timed = self.ended()

    def ended(self) -> int:
        return sum(len(member.exchanges) for member in self.run.members)

    def die(self) -> dict[str, Any]:
        """What is read from the files that are there when it is dead. (Counters are mapped: nothing of them waits.)"""
        with pytest.raises(Died):
            self.run.go()
        for member in self.run.members:
            (self.folder / f"worker-{member.index}.counters").write_bytes(bytes(member.ledger._cells))
        self._kept.close()
        return dict(to_json(saved.read(self.folder)))


@pytest.mark.parametrize("first", SEEDS[::PART])
def test_a_run_that_dies_tells_all_but_its_last_second(first: int, tmp_path: Path) -> None:
    lost, late = 0, 0
    for seed in range(first, first + PART):
        mortal = Mortal(Random(seed), tmp_path / f"{seed}")
        result = mortal.die()
        assert not result["complete"]
        assert_conserved(result)
        variant = result["variants"][0]
        outcomes = Counter(variant["requests"]["outcomes"])
        unsendable = sum(sum(member.ledger.outcomes) for member in mortal.run.members) - mortal.ended()
        assert sum(outcomes.values()) - outcomes["lost"] == mortal.ended() + unsendable
        timed = sum(step["latency_ms"]["sign"]["count"] for phase in variant["phases"] for step in phase["steps"])
        assert mortal.timed <= timed <= mortal.timed + unsendable, "what came in until the last whole second"
        lost += outcomes["lost"]
        late += mortal.ended() - mortal.timed
    assert lost, "something was under way"
    assert late, "something was not handed in yet"
