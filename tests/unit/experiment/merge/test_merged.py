"""`experiment.merge`: the runs of machines that shared a load are together what one machine would have counted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engine_harness import Script, profile
from joinable import exemplar
from joinable import step as exemplars_of
from shared_runs import WORKERS, part, whole, write_share

from loadgen.analysis.exemplars import FILE
from loadgen.analysis.standing import Standing
from loadgen.clock import MILLISECOND, SECOND
from loadgen.errors import Exit, ProfileError
from loadgen.exchange import Exchange
from loadgen.experiment.merge.merged import merge
from loadgen.experiment.merge.part import first_difference
from loadgen.experiment.saved import read
from loadgen.profile.model import Profile
from loadgen.record.seconds import read_seconds, replay
from loadgen.report.formats.junit import junit_text
from loadgen.result.codec import to_json
from loadgen.result.exemplars import Exemplars
from loadgen.result.reason import Reason
from loadgen.result.run import JudgedFigure, RunResult
from loadgen.runner.join import exemplars_in
from loadgen.transport.scripted import Reply
from loadgen.trust.finding import Finding, Verdict

LOAD = """
load:
  - {name: warm, rate: 20/s, for: 1s, measure: false}
  - {name: main, rate: 60/s, for: 2s}
  - {name: last, at-once: 9}
scenarios:
  - {name: a, weight: 2, steps: [{name: s, get: /s}, {name: t, get: /t}]}
  - {name: b, steps: [{name: u, get: /u}]}
thresholds: {main: [response p99 < 70ms, errors < 50%]}
"""


SMALL = profile("load: [{name: a, at-once: 3}]")


def by_due(x: Exchange) -> Reply:
    """An answer that depends on when the exchange was due alone, whoever sends it; one in 16 fails."""
    number = x.due // 1000 % 4099
    return Reply(after=(1 + number % 60) * MILLISECOND, status=500 if number % 16 == 0 else 200)


@pytest.fixture(scope="module")
def load() -> Profile:
    return profile(LOAD)


@pytest.fixture(scope="module")
def three(load: Profile, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders of three machines, in another order."""
    folder = tmp_path_factory.mktemp("three")
    for index in (1, 2, 3):
        write_share(folder / f"part-{index}", load, by_due, part(index, 3))
    return [folder / f"part-{index}" for index in (3, 1, 2)]


@pytest.fixture(scope="module")
def merged(three: list[Path], tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return merge(three, tmp_path_factory.mktemp("merged") / "whole")


def test_counts_are_the_single_machine_s_bit_for_bit(load: Profile, merged: RunResult) -> None:
    run, result = whole(load, by_due)
    recording = replay(Path(str(merged.run)))
    kinds: dict[Any, Any] = {}
    for (key, metric), histogram in run.recording.histograms.items():  # which connection is the worker's own doing
        kinds.setdefault((key.slot, key.outcome, metric), []).append(histogram)
    own: dict[Any, Any] = {}
    for (key, metric), histogram in recording.histograms.items():
        own.setdefault((key.slot, key.outcome, metric), []).append(histogram)
    total = lambda of: type(of[0]).together(of)  # noqa: E731
    response = [place for place in kinds if place[2] in (0, 1)]
    assert response
    for place in response:
        one, other = total(kinds[place]), total(own[place])
        assert (one.index.tolist(), one.counts.tolist()) == (other.index.tolist(), other.counts.tolist())
        assert (one.total, one.least, one.most) == (other.total, other.least, other.most)
    for one, other in zip(result.variant.phases, merged.variant.phases, strict=True):
        assert (one.iterations, one.requests) == (other.iterations, other.requests)
        for step, same in zip(one.steps, other.steps, strict=True):
            assert step.latency_ms[one.headline].quantiles == same.latency_ms[one.headline].quantiles
            assert step.skipped == same.skipped
            assert step.whose_ms.keys() == same.whose_ms.keys()
            assert {of.outcome: (of.count, of.reasons) for of in step.failures} == {
                of.outcome: (of.count, of.reasons) for of in same.failures
            }


def test_the_folder_is_one_as_any_run_s(three: list[Path], merged: RunResult) -> None:
    folder = Path(str(merged.run))
    assert read(folder) == merged
    assert sorted(path.name for path in folder.glob("*.counters")) == [
        f"worker-{n}.counters" for n in range(3 * WORKERS)
    ]
    workers = {sample["worker"] for second in read_seconds(folder) for sample in second.health}
    assert workers == set(range(3 * WORKERS))
    assert (merged.workers, merged.share, merged.complete, merged.machines and merged.machines.missing) == (
        3 * WORKERS, None, True, (),
    )  # fmt: skip
    shutil.copytree(folder, again := folder.with_name("without"))
    (again / "result.json").unlink()
    died = read(again)
    assert isinstance(died, RunResult)
    assert died.variant.requests == merged.variant.requests, "the ledgers are in it"


def test_each_machine_is_told(merged: RunResult) -> None:
    assert merged.machines
    assert [of.index for of in merged.machines.machines] == [1, 2, 3]
    assert [of.run for of in merged.machines.machines] == ["part-1", "part-2", "part-3"]
    assert sum(of.requests.sent for of in merged.machines.machines) == merged.variant.requests.sent
    assert merged.machines.starts_apart_ms == 1.5
    figures = [of for machine in merged.machines.machines for of in machine.figures if of.step == "u"]
    main = next(phase for phase in merged.variant.phases if phase.name == "main")
    (step,) = [step for step in main.steps if step.step == "u"]
    assert sum(of.latency.count for of in figures if of.phase == "main") == step.latency_ms["response"].count
    assert not any(of.odd for of in figures)


def test_thresholds_and_samples_are_of_all_machines(merged: RunResult) -> None:
    assert {of.text for of in merged.thresholds} == {"response p99 < 70ms", "errors < 50%"}
    sent = sum(of.counts.requests for of in merged.thresholds if of.counts and of.text.startswith("errors"))
    assert sent == next(phase for phase in merged.variant.phases if phase.name == "main").requests.sent
    slowest = [of for of in merged.samples.slowest if (of.phase, of.step) == ("main", "u")]
    assert len(slowest) == 5
    main = next(phase for phase in merged.variant.phases if phase.name == "main")
    (step,) = [step for step in main.steps if step.step == "u"]
    assert slowest[0].times_ms["response"] <= (step.latency_ms["response"].max or 0)
    assert [of.times_ms["response"] for of in slowest] == sorted(
        (of.times_ms["response"] for of in slowest), reverse=True
    )


def test_a_rate_is_compared_with_the_machine_s_part_and_merged_with_all_of_it(tmp_path: Path) -> None:
    """About 40 of 80/s come from each of two."""
    rated = profile("load: [{name: a, rate: 80/s, for: 3s, arrivals: constant}]\nthresholds: {a: [rate > 70/s]}")
    for index in (1, 2):
        write_share(tmp_path / str(index), rated, by_due, part(index, 2))
    own = read(tmp_path / "1")
    assert isinstance(own, RunResult)
    (of_one,) = own.thresholds
    assert (of_one.status, of_one.why) == ("passed", Reason.of("part_of_rate", of=2))
    assert of_one.value_per_s and of_one.value_per_s < 60
    (of_all,) = merge([tmp_path / "1", tmp_path / "2"], tmp_path / "whole").thresholds
    assert (of_all.status, of_all.why) == ("passed", None)
    assert of_all.value_per_s and of_all.value_per_s > 70


RATED = """
load: [{name: a, rate: 80/s, for: 1s, arrivals: constant}, {name: b, rate: 80/s, for: 2s, arrivals: constant}]
thresholds: {a: [rate > 70/s], b: [rate > 70/s, errors < 50%]}
"""


def test_a_rate_of_which_a_share_is_missing_is_undecided(tmp_path: Path) -> None:
    write_share(tmp_path / "2", profile(RATED), by_due, part(2, 2))
    result = merge([tmp_path / "2"], tmp_path / "half")
    missing = Reason.of("shares_missing", of=2, missing="1")
    found = {(of.phase, of.text): (of.status, of.why) for of in result.thresholds}
    assert found["a", "rate > 70/s"] == found["b", "rate > 70/s"] == ("undecided", missing)
    assert found["b", "errors < 50%"] == ("passed", None), "what is there is judged"
    text = junit_text(result)
    assert "<failure" not in text
    assert "of 2 machines, these are not there: 1" in text
    assert "a machine's share is missing" in text


@pytest.mark.parametrize(
    ("other", "first"),
    [({"interrupted": True, "stopped": 2 * SECOND}, "passed"), ({"died": True}, "undecided")],
    ids=["interrupted", "died"],
)
def test_a_rate_of_which_a_share_was_cut_short_is_undecided(tmp_path: Path, other: dict[str, Any], first: str) -> None:
    """A phase that it had carried out before is whole; of one that died nobody knows."""
    write_share(tmp_path / "1", profile(RATED), by_due, part(1, 2))
    write_share(tmp_path / "2", profile(RATED), by_due, part(2, 2), **other)
    result = merge([tmp_path / "1", tmp_path / "2"], tmp_path / "whole")
    found = {of.phase: of for of in result.thresholds if of.text == "rate > 70/s"}
    assert found["a"].status == first
    assert (found["b"].status, found["b"].why) == ("undecided", Reason.of("machines_cut_short", machines="2"))


@pytest.fixture
def one(three: list[Path], tmp_path: Path) -> Path:
    """A copy of the first one's folder."""
    return shutil.copytree(three[1], tmp_path / "one")


def test_a_share_that_is_not_there_is_named(one: Path, tmp_path: Path) -> None:
    result = merge([one], tmp_path / "whole")
    assert result.machines and result.machines.missing == (2, 3)
    assert not result.complete
    assert result.exit_status == Exit.WORKER_LOST
    assert result.warnings == (Reason.of("shares_missing", of=3, missing="2-3"),)


def test_a_machine_that_died_or_was_interrupted_is_named(load: Profile, one: Path, tmp_path: Path) -> None:
    write_share(tmp_path / "two", load, by_due, part(2, 3), died=True)
    write_share(tmp_path / "three", load, by_due, part(3, 3), interrupted=True)
    result = merge([one, tmp_path / "two", tmp_path / "three"], tmp_path / "whole")
    assert (result.complete, result.interrupted, result.exit_status) == (False, True, Exit.INTERRUPTED)
    codes = {warning.code: warning.values for warning in result.warnings}
    assert codes["machines_cut_short"]["machines"] == "2-3"
    assert codes["parts_missing"]["machines"] == "2"
    assert codes["run_died"] == {"machine": 2}
    assert result.variant.requests == whole(load, by_due)[1].variant.requests, "what it had sent is kept"
    assert result.variant.phases[1].ran == 2, "the others went on"
    assert all(not step.whose_ms for phase in result.variant.phases for step in phase.steps), "nobody knows"


@pytest.mark.parametrize(
    ("clocks", "warning"),
    [
        ([{}, {"clock_error_ms": 4.0, "clock_moved_ms": -1.0}], ("clocks_apart", {"apart_ms": 5.75, "worst": 2})),
        ([{"clock_kept": False}, {}], ("clocks_not_known", {"machines": "1"})),
        ([{"clock_kept": None}, {"clock_kept": None}], ("clocks_not_known", {"machines": "1-2"})),
        ([{}, {"clock_error_ms": 3.0}], None),
    ],
)
def test_what_is_not_known_of_clocks_is_said(
    tmp_path: Path, clocks: list[dict[str, Any]], warning: tuple[str, dict[str, Any]] | None
) -> None:
    for index, clock in enumerate(clocks, 1):
        write_share(tmp_path / str(index), SMALL, by_due, part(index, len(clocks), **clock))
    result = merge([tmp_path / "1", tmp_path / "2"], tmp_path / "whole")
    assert [(of.code, of.values) for of in result.warnings] == ([warning] if warning else [])


def test_the_verdict_is_the_worst_machine_s_and_names_it(tmp_path: Path) -> None:
    figure = JudgedFigure("main", 1, "a/s", "p99", 60.0, 30.0, 0.5, False, {"lag": 30.0}, 90, 0.1, "INVALID", True)
    quota = Finding("quota", Reason.of("quota", periods=7), Verdict.INVALID, Verdict.INVALID)
    fine = [Finding("quota", Reason.of("quota", periods=0)), Finding("gc", Reason.of("gc", longest_ms=1.0))]
    mild = replace(figure, share=0.04, verdict="DEGRADED")
    write_share(one := tmp_path / "one", SMALL, by_due, part(1, 3))
    write_share(tmp_path / "two", SMALL, by_due, part(2, 3), standing=Standing((mild,), tuple(fine)))
    write_share(tmp_path / "three", SMALL, by_due, part(3, 3), standing=Standing((figure,), (quota, fine[1])))
    result = merge([one, tmp_path / "two", tmp_path / "three"], tmp_path / "whole")
    assert result.trust.verdict == "INVALID"
    assert [(of.signal, of.machine) for of in result.trust.reasons] == [("quota", 3)]
    assert [(of.signal, of.machine) for of in result.trust.signals] == [("quota", 3), ("gc", 2)]
    assert [(of.quantile, of.share, of.machine) for of in result.trust.figures] == [("p99", 0.5, 3)]
    assert merge([one], tmp_path / "alone").trust.verdict == "VALID"


def test_a_machine_whose_tail_differs_is_a_finding(tmp_path: Path) -> None:
    busy = profile("load: [{name: a, rate: 100/s, for: 9s}]")

    def slow(x: Exchange) -> Reply:
        return replace(by_due(x), after=3 * by_due(x).after, status=200)

    def fine(x: Exchange) -> Reply:
        return replace(by_due(x), status=200)

    scripts: list[Script] = [fine, slow, fine]
    for index, script in enumerate(scripts, 1):
        write_share(tmp_path / str(index), busy, script, part(index, 3))
    result = merge([tmp_path / str(index) for index in (1, 2, 3)], tmp_path / "whole")
    (found,) = [of for of in result.findings if of.observed.code == "machine_differs"]
    assert found.observed.values["machine"] == 2
    assert result.machines
    assert [bool(of.figures[0].odd) for of in result.machines.machines] == [False, True, False]


@pytest.mark.parametrize(
    ("other", "known", "why"),
    [
        ({"index": 1, "of": 3}, {}, "is share 1/3, as .*one is. Each share is merged once"),
        ({"of": 4}, {}, "is one of 4 shares, and .*one is one of 3 shares"),
        ({}, {"seed": 8}, "has the seed 8, and .*one has the seed 1"),
        ({}, {"name": "other"}, "is of the profile other, and .*one is of the profile test"),
        ({"start_at_ns": 5}, {}, "has the start 5 ns"),
        ({"start_at": "2026"}, {}, "was to begin at 2026"),
        ({"plan": "abd"}, {}, "has the profile of .*one, but a file or a variable that it names has another content"),
        ({"index": 9}, {}, "is not as loadgen wrote it"),
        ({"of": 10**12}, {}, "is not as loadgen wrote it"),
    ],
)
def test_what_is_no_part_of_the_load_is_refused(
    load: Profile, one: Path, tmp_path: Path, other: dict[str, Any], known: dict[str, Any], why: str
) -> None:
    share = part(**{"index": 2, "of": 3, **other})
    write_share(tmp_path / "other", SMALL if other.get("of") != 3 else load, by_due, share, known=known)
    with pytest.raises(ProfileError, match=why) as refused:
        merge([one, tmp_path / "other"], tmp_path / "whole")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "whole").exists()


@pytest.mark.parametrize(
    ("one", "other", "key"),
    [
        ({"timeout": "1s"}, {"timeout": "2s"}, "timeout"),
        ({"load": [{"name": "a", "rate": "1/s"}]}, {"load": [{"name": "a", "rate": "2/s"}]}, "load.a.rate"),
        ({"load": [{"name": "a"}]}, {"load": [{"name": "b"}]}, "load.0.name"),
        ({"load": [{"name": "a"}]}, {"load": [{"name": "a"}, {"name": "b"}]}, "load.b"),
        ({"target": {"url": "x"}}, {"target": {"url": "x", "headers": {"x-key": "hidden"}}}, "target.headers"),
        ({"timeout": None}, {}, ""),
    ],
)
def test_the_first_key_that_differs_is_named(one: dict[str, Any], other: dict[str, Any], key: str) -> None:
    assert first_difference({"same": 1, **one}, {"same": 1, **other}) == key


def test_another_profile_is_refused_by_its_key(tmp_path: Path) -> None:
    write_share(tmp_path / "1", SMALL, by_due, part(1, 2), resolved={"timeout": "1s"})
    write_share(tmp_path / "2", SMALL, by_due, part(2, 2, plan="abd"), resolved={"timeout": "2s", "workers": 2})
    with pytest.raises(ProfileError, match=r"has another profile than .*1: timeout differs"):
        merge([tmp_path / "1", tmp_path / "2"], tmp_path / "whole")


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda of: [path.unlink() for path in of.glob("*.counters")], "has no worker-0.counters, worker-1.counters,"),
        (lambda of: (of / "worker-1.counters").unlink(), "has no worker-1.counters, and a result that is complete"),
        (
            lambda of: shutil.copy(of / "worker-0.counters", of / "worker-1.counters"),
            "has ledgers of .* requests, and a result of",
        ),
        (lambda of: (of / "seconds.bin").write_bytes(b""), "has in seconds.bin the latencies of 0 exchanges, and ledg"),
        (lambda of: (of / "seconds.bin").unlink(), "seconds.bin: cannot be read"),
    ],
    ids=["no-ledgers", "one-less", "another-s", "cut-short", "no-seconds"],
)
def test_a_share_that_lacks_a_part_of_what_it_counted_is_refused(
    three: list[Path], one: Path, tmp_path: Path, damage: Callable[[Path], object], why: str
) -> None:
    damage(one)
    with pytest.raises(ProfileError, match=why) as refused:
        merge([three[0], one, three[2]], tmp_path / "whole")
    assert str(refused.value).startswith(str(one))
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "whole").exists()


def test_a_share_that_died_is_merged_with_what_is_left(one: Path, tmp_path: Path) -> None:
    (one / "result.json").unlink()
    (one / "worker-1.counters").unlink()
    result = merge([one], tmp_path / "whole")
    assert (result.complete, result.exit_status) == (False, Exit.WORKER_LOST)
    assert result.variant.requests.sent


def test_a_run_of_its_own_is_refused(one: Path, tmp_path: Path) -> None:
    result = (one / "result.json").read_text()
    written = result.replace('"share"', '"shared"', 1)
    (one / "result.json").write_text(written)
    with pytest.raises(ProfileError, match="was not run with --share"):
        merge([one], tmp_path / "whole")


def test_a_folder_that_is_there_is_left_alone(one: Path, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    with pytest.raises(ProfileError, match="exists already"):
        merge([one], tmp_path / "whole")


def test_ledgers_that_do_not_fit_are_refused(one: Path, tmp_path: Path) -> None:
    (one / "worker-1.counters").rename(one / "worker-7.counters")
    with pytest.raises(ProfileError, match="it has a worker 7, and 2 workers"):
        merge([one], tmp_path / "whole")
    assert not (tmp_path / "whole").exists(), "half a run is none"


def test_the_ids_of_all_machines_are_there_to_be_joined(three: list[Path], tmp_path: Path) -> None:
    parts = [Path(shutil.copytree(folder, tmp_path / folder.name)) for folder in three]
    for number, folder in enumerate(parts[:2]):
        of = exemplars_of(
            [exemplar(10 * number + n, 50.0 - n) for n in range(5)], [], 5, phase="main", scenario="b", step="u"
        )
        (folder / FILE).write_text(json.dumps(to_json(Exemplars(steps=(of,)))))
    merge(parts, tmp_path / "whole")
    [of] = exemplars_in(tmp_path / "whole").steps
    assert (of.requests, len(of.slowest)) == (10, 10)
