"""The two ledgers: what they promise, and that they outlive whoever wrote them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from array import array
from pathlib import Path
from random import Random

import pytest

from loadgen.exchange import Invoked, Outcome, Tally
from loadgen.net import counters
from loadgen.net.counters import CLOSED_IDLE, CONNECTION_COUNTERS, OPENED, PEAK, PREOPENED, RESUMED
from loadgen.record.ledger import (
    COMPLETED,
    CUT_SHORT,
    FAILED,
    INVOKED,
    ITERATIONS,
    OUTCOMES,
    PEAK_IN_FLIGHT,
    PLANNED,
    SHARED_READ,
    STARTED,
    TALLY,
    UNSENT_LIMIT,
    UNSENT_STOPPED,
    WORKER,
    Ledger,
)

RUNS, SLOTS = 3, 5


def test_the_places_have_the_names_that_results_have() -> None:
    """They are numbers by themselves, which compiled code has in place of a look-up."""
    assert len(Outcome) == OUTCOMES
    names = (PLANNED, STARTED, COMPLETED, FAILED, CUT_SHORT, UNSENT_LIMIT, UNSENT_STOPPED)
    words = ("planned", "started", "completed", "failed", "cut_short", "unsent_limit", "unsent_stopped")
    assert [ITERATIONS[place] for place in names] == list(words)
    assert (WORKER[PEAK_IN_FLIGHT], WORKER[SHARED_READ]) == ("peak_in_flight", "shared_read")
    assert [CONNECTION_COUNTERS[place] for place in (OPENED, RESUMED, CLOSED_IDLE)] == [
        "opened",
        "resumed",
        "closed_idle",
    ]
    assert [CONNECTION_COUNTERS[place] for place in (PREOPENED, counters.FAILED, PEAK)] == [
        "preopened",
        "failed",
        "peak",
    ]


def blank() -> Ledger:
    return Ledger.in_memory(RUNS, SLOTS)


def sound(seed: int) -> Ledger:
    """A ledger of random figures that add up."""
    dice, ledger = Random(seed), blank()
    for run in range(RUNS):
        row = run * len(ITERATIONS)
        ends = {field: dice.randrange(100) for field in (COMPLETED, FAILED, CUT_SHORT)}
        unsent = {field: dice.randrange(10) for field in (UNSENT_LIMIT, UNSENT_STOPPED)}
        started = sum(ends.values())
        for field, value in {**ends, **unsent, STARTED: started, PLANNED: started + sum(unsent.values())}.items():
            ledger.iterations[row + field] = value
    for slot in range(SLOTS):
        counts = [dice.randrange(20) for _ in Outcome]
        ledger.outcomes[slot * OUTCOMES : (slot + 1) * OUTCOMES] = memoryview(bytearray(8 * OUTCOMES)).cast("q")
        for outcome, count in enumerate(counts):
            ledger.outcomes[slot * OUTCOMES + outcome] = count
        ledger.sent[slot] = sum(counts)
        ledger.wired[slot] = dice.randrange(sum(counts) + 1)
        ledger.repeated[slot] = dice.randrange(sum(counts) + 1)
        for place in range(len(TALLY)):
            ledger.tallies[slot * len(TALLY) + place] = dice.randrange(10**12)
    for cell in range(len(CONNECTION_COUNTERS)):
        ledger.connections[cell] = dice.randrange(50)
    return ledger


def regions(ledger: Ledger) -> tuple[memoryview, ...]:
    counts = (ledger.sent, ledger.wired, ledger.skipped, ledger.outcomes)
    return (
        ledger.worker,
        ledger.connections,
        ledger.iterations,
        *counts,
        ledger.repeated,
        ledger.tallies,
        ledger.invoked,
    )


def cells(ledger: Ledger) -> list[int]:
    return [value for region in regions(ledger) for value in region.tolist()]


def test_a_blank_ledger_adds_up() -> None:
    assert blank().mismatches() == []
    assert set(cells(blank())) == {0}


def test_every_cell_has_a_place_of_its_own_and_none_is_left_over() -> None:
    ledger = blank()
    number = 0
    for region in regions(ledger):
        for cell in range(len(region)):
            number += 1
            region[cell] = number
    assert cells(ledger) == list(range(1, number + 1))
    assert Ledger.size(RUNS, SLOTS) == 8 * number
    assert len(ledger.connections) == len(CONNECTION_COUNTERS)
    assert len(ledger.outcomes) == SLOTS * len(Outcome)


@pytest.mark.parametrize("field", [PLANNED, STARTED, COMPLETED, FAILED, CUT_SHORT, UNSENT_LIMIT, UNSENT_STOPPED])
def test_one_iteration_too_many_anywhere_is_noticed(field: int) -> None:
    ledger = sound(1)
    assert ledger.mismatches() == []
    ledger.iterations[len(ITERATIONS) + field] += 1
    assert any(wrong.startswith("run 1: ") for wrong in ledger.mismatches())


def test_one_exchange_too_many_anywhere_is_noticed() -> None:
    for slot in range(SLOTS):
        for change in range(OUTCOMES + 3):
            ledger = sound(slot)
            if change < OUTCOMES:
                ledger.outcomes[slot * OUTCOMES + change] += 1
            elif change == OUTCOMES:
                ledger.sent[slot] += 1
            elif change == OUTCOMES + 1:
                ledger.repeated[slot] = ledger.sent[slot] + 1
            else:
                ledger.wired[slot] = ledger.sent[slot] + 1
            assert any(wrong.startswith(f"slot {slot}: ") for wrong in ledger.mismatches())


def test_adding_is_cell_by_cell_and_keeps_what_adds_up() -> None:
    first, second = sound(1), sound(2)
    expected = [a + b for a, b in zip(cells(first), cells(second), strict=True)]
    total = first.snapshot()
    total.add(second)
    assert cells(total) == expected
    assert total.mismatches() == []
    assert cells(first) == cells(sound(1)), "a snapshot is a copy"


def test_settling_counts_the_open_as_lost_and_the_rest_as_unsent() -> None:
    ledger = sound(3)
    before = {name: ledger.iteration(1)[name] for name in ITERATIONS}
    ledger.iterations[len(ITERATIONS) + PLANNED] += 40
    ledger.iterations[len(ITERATIONS) + STARTED] += 15
    ledger.sent[2] += 15
    assert ledger.settle() == 15
    assert ledger.mismatches() == []
    after = ledger.iteration(1)
    assert after["cut_short"] == before["cut_short"] + 15
    assert after["unsent_stopped"] == before["unsent_stopped"] + 25
    assert ledger.outcome(2)[Outcome.LOST] == sound(3).outcome(2)[Outcome.LOST] + 15
    assert ledger.settle() == 0, "there is nothing left to settle"


def test_settling_a_load_that_is_counted_as_it_comes_takes_what_was_started() -> None:
    """A worker that died between two counts: one more was unsent, or started, than had been planned."""
    for field in (STARTED, UNSENT_LIMIT):
        ledger = sound(4)
        ledger.iterations[field] += 1
        ledger.settle()
        assert ledger.mismatches() == []
        assert ledger.iteration(0)["planned"] == sound(4).iteration(0)["planned"] + 1


def test_settling_a_sound_ledger_changes_nothing() -> None:
    for seed in range(20):
        ledger = sound(seed)
        assert ledger.settle() == 0
        assert cells(ledger) == cells(sound(seed))


def test_a_file_is_shared_by_all_who_open_it(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    writer = Ledger.in_file(path, RUNS, SLOTS)
    writer.sent[3] = 7
    reader = Ledger.in_file(path, RUNS, SLOTS)
    assert reader.sent[3] == 7
    writer.outcomes[3 * OUTCOMES] = 7
    assert reader.mismatches() == []
    assert path.stat().st_size == Ledger.size(RUNS, SLOTS)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_too_short_is_made_long_enough(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    path.write_bytes(b"\1")
    assert Ledger.in_file(path, RUNS, SLOTS).worker[0] == 1


def test_a_block_is_read_from_bytes_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    ledger = Ledger.in_file(path, RUNS, SLOTS)
    for number, region in enumerate(regions(ledger), 1):
        region[0] = number
    assert cells(Ledger.from_bytes(path.read_bytes(), RUNS, SLOTS)) == cells(ledger)


def test_a_block_of_before_there_were_attempts_has_none() -> None:
    ledger = sound(5)
    block = b"".join(bytes(region) for region in regions(ledger))
    later = len(INVOKED), 1 + len(TALLY) + len(INVOKED)
    for cut in (SLOTS * words for words in later):
        first = Ledger.from_bytes(block[: -8 * cut], RUNS, SLOTS)
        assert cells(first)[:-cut] == cells(ledger)[:-cut]
        assert set(cells(first)[-cut:]) == {0}
        assert first.mismatches() == []


def test_of_the_memory_of_a_function_the_most_stays() -> None:
    one, other = blank(), blank()
    one.invoked[: len(INVOKED)] = array("q", [3, 3, 0, 1, 40, 5120, 128, 70])
    other.invoked[: len(INVOKED)] = array("q", [2, 1, 1, 0, 10, 2560, 256, 60])
    one.add(other)
    assert one.invoked_of(0) == Invoked(5, 4, 1, 1, 50, 7680, 256, 70)


@pytest.mark.parametrize("change", [-8, 8, -1, 1])
def test_what_is_no_block_is_refused(change: int) -> None:
    size = Ledger.size(RUNS, SLOTS)
    with pytest.raises(ValueError, match=f"{size + change} bytes are not the {size} of a ledger"):
        Ledger.from_bytes(bytes(size + change), RUNS, SLOTS)


def test_a_tally_is_of_one_slot() -> None:
    ledger = blank()
    ledger.tallies[2 * len(TALLY) : 3 * len(TALLY)] = memoryview(bytearray(range(8 * len(TALLY)))).cast("q")
    assert ledger.tally(1) == Tally()
    assert ledger.tally(2) == Tally(*ledger.tallies[2 * len(TALLY) : 3 * len(TALLY)])
    assert ledger.tally(2).items > 0


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Ledger.in_file(tmp_path / "nowhere" / "counters", RUNS, SLOTS)


COUNT = """
import sys
from pathlib import Path
from loadgen.record.ledger import Ledger
ledger = Ledger.in_file(Path(sys.argv[1]), 3, 5)
sent, outcomes = ledger.sent, ledger.outcomes
print("ready", flush=True)
while True:
    sent[4] += 1
    outcomes[4 * 17] += 1
"""


@pytest.mark.real
def test_what_a_killed_process_had_counted_is_still_there(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    for _ in range(3):
        path.unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, "-c", COUNT, str(path)], stdout=subprocess.PIPE, text=True)
        with process:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            ledger = Ledger.in_file(path, RUNS, SLOTS)
            while ledger.sent[4] < 10_000:
                assert process.poll() is None
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert ledger.sent[4] >= 10_000
        assert ledger.sent[4] - ledger.outcomes[4 * OUTCOMES] in (0, 1)
        assert ledger.snapshot().settle() in (0, 1)
        ledger.settle()
        assert ledger.mismatches() == []
