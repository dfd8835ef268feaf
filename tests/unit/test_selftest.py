"""`loadgen selftest`: what it prints, what it keeps, and what of that a later run is told."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from loadgen.cli import main
from loadgen.clock import MILLISECOND, SECOND
from loadgen.errors import PlanError
from loadgen.profile.load import from_url, load
from loadgen.report.terminal.selftest import sentence, show
from loadgen.selftest import SCHEMA, machine
from loadgen.selftest.course import _carry_out
from loadgen.selftest.loads import Stopped
from loadgen.selftest.measure import Measurements
from loadgen.selftest.state import believed, place, save
from loadgen.selftest.trusted import Trusted

MACHINE = {"cpu": "Fast 9000", "cpus": 4, "kernel": "Linux 6.1", "python": "3.12.1", "loadgen": "0.1.0"}
TRIALS = [{"rate": 24_000.0, "why": "", "target_busy": 0.4}]


def row(scheme: str, rate: float | None, **more: Any) -> dict[str, Any]:
    told = {"scheme": scheme, "rate": rate, "sure": True, "at_least": False, "trials": TRIALS}
    return told | {"failed_at": 26_000.0, "failed_why": "core use 74%"} | more


def result(**more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "schema": SCHEMA, "at": "2026-11-22T19:02:11+00:00", "plan": "full", "seconds": 118.2, "machine": MACHINE,
        "complete": True, "interrupted": False, "warnings": [], "stamps": True,
        "limits": {
            "cpus": 4, "cpus_of_the_machine": 8, "quota": None, "descriptors": 20_000, "timer": "timerfd",
            "ports": {"count": 28_232, "resting": 12, "reused_on_loopback": True},
            "timer_slack_ns": {"default": 50_000, "worker": 1}, "load_average": 0.1,
        },
        "clock": {
            "source": "tsc", "resolution_ns": 25, "steps": 0, "largest_step_ms": 0.0, "drift_ms": 0.02,
            "seconds": 118.0,
        },
        "noise": {"rate": 1000, "seconds": 2, "p50_ms": [0.081, 0.085, 0.131], "p99_ms": [0.21, 0.4, 0.3]},
        "pacing": [{"rate": 100, "requests": 300, "p50_ms": 0.051, "p99_ms": 0.09, "max_ms": 0.4}],
        "connections": [
            {"scheme": "http", "per_second": 9000, "at_least": False, "target_busy": 0.5},
            {"scheme": "https", "per_second": 2100, "at_least": True, "target_busy": 0.9},
        ],
        "capacity": [row("http", 24_000.0), row("https", 19_000.0, at_least=True, failed_at=None, failed_why=None)],
    }  # fmt: skip
    return made | more


# the page


def test_the_sentence_says_up_to_where_and_what_is_noise() -> None:
    assert sentence(result()) == (
        "This machine can be trusted with up to 24,000/s over http and 19,000/s or more over https on one worker; "
        "differences under 0.050 ms at p50 and 0.190 ms at p99 are noise."
    )


def test_where_nothing_stayed_valid_the_sentence_says_that() -> None:
    found = [row("http", None, failed_at=2_100.0), row("https", None, failed_at=5_300.0)]
    assert sentence(result(capacity=found, noise=None)) == (
        "This machine can be trusted with nothing that was tried, not even 2,100/s over http nor even "
        "5,300/s over https."
    )
    assert sentence(result(capacity=[])) == "Too little was measured to say."


def lines(found: dict[str, Any]) -> list[str]:
    text = show(found)
    assert max(map(len, text.splitlines())) <= 100
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_page_has_every_figure() -> None:
    page = lines(result(saved="/home/x/.local/state/loadgen/selftest.json"))
    for told in (
        "Fast 9000 · 4 CPUs · Linux 6.1 · Python 3.12.1 · loadgen 0.1.0",
        "http 24,000/s 26,000/s core use 74%",
        "https 19,000/s or more -",
        "https 2,100/s or more each a full TLS handshake",
        "p50 0.050 0.081 0.085 0.131",
        "100/s 300 0.051 0.090 0.400",
        "CPUs 4 of 8, no quota",
        "descriptors 20,000 a process",
        "ports 28,232, 12 of them in TIME_WAIT, which loopback takes again at once",
        "clock tsc, resolution 25 ns; the wall clock made no step, and drifted 0.020 ms in 118 s",
        "timer timerfd, slack 1 ns in a worker, 50 µs by default",
        "kernel's stamps on answers",
    ):
        assert told in page, told
    assert any(line.startswith("saved: /home/x") for line in page)


def test_what_was_cut_short_is_shown_as_far_as_it_came() -> None:
    nothing: dict[str, Any] = {"noise": None, "pacing": [], "connections": [], "capacity": [], "stamps": None}
    page = lines(result(interrupted=True, warnings=["not saved: it is not complete"], **nothing))
    assert "interrupted: this is what there was by then" in page
    assert "! not saved: it is not complete" in page
    assert "kernel's stamps not known" in page
    one = {"rate": 1000, "seconds": 2, "p50_ms": [0.081], "p99_ms": [None]}
    assert "p99 - -" in lines(result(**nothing | {"noise": one}))


def test_what_a_machine_is_called_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in show(result(machine=MACHINE | {"cpu": "\x1b[2Jx"}))


# the course


class Parts:
    """Measurements that end as they are told to."""

    def __init__(self, **ends: Exception) -> None:
        self._ends, self.done = ends, list[str]()

    def __getattr__(self, name: str) -> Any:
        async def part() -> None:
            if name in self._ends:
                raise self._ends[name]
            self.done.append(name)

        part.__name__ = name
        return part


async def test_a_part_that_cannot_be_measured_does_not_keep_the_others_from_it() -> None:
    parts, told = Parts(pacing=PlanError("no ports")), result(complete=False)
    await _carry_out(cast(Measurements, parts), told)
    assert parts.done == ["noise", "connections", "capacity"]
    assert not told["complete"] and not told["interrupted"]
    assert told["warnings"] == ["pacing could not be measured: no ports"]


async def test_a_signal_ends_it_with_what_there_is() -> None:
    parts, told = Parts(connections=Stopped()), result(complete=False)
    await _carry_out(cast(Measurements, parts), told)
    assert parts.done == ["noise", "pacing"]
    assert told["interrupted"] and not told["complete"]


# the machine


def test_a_step_of_the_wall_clock_is_seen_and_slewing_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    at, offset = [0], [0]

    def now() -> int:
        at[0] += 25
        return at[0]

    monkeypatch.setattr(machine, "now", now)
    monkeypatch.setattr(machine.host, "steady_offset", lambda: offset[0])
    clocks = machine.Clocks()
    for moved in (2 * MILLISECOND, 0, -50 * MILLISECOND):
        at[0] += 5 * SECOND
        offset[0] += moved
        clocks.look()
    told = clocks.told()
    assert (told["steps"], round(told["largest_step_ms"])) == (1, 50)
    assert round(told["drift_ms"]) == 2
    assert told["resolution_ns"] == 25


def test_a_machine_is_told_apart_by_what_its_speed_depends_on() -> None:
    found = machine.fingerprint()
    assert found == machine.fingerprint()
    assert [*found] == [*MACHINE] and all(found.values())
    json.dumps(machine.limits())


# the file


def test_what_was_kept_is_believed_on_the_same_machine_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "loadgen" / "selftest.json"
    assert believed(path, MACHINE) == (None, "")
    assert save(path, result()) == ""
    assert [*path.parent.iterdir()] == [path]  # nothing half-written is left
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    trusted, problem = believed(path, MACHINE)
    assert trusted == Trusted.of(result()) and problem == ""
    for name, words in (("cpu", "another CPU"), ("kernel", "another kernel"), ("loadgen", "another loadgen")):
        trusted, problem = believed(path, MACHINE | {name: "else"})
        assert trusted is None
        assert problem == f"the self-test in {path} is of {words}, and not believed"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"\xff\xfe", b'{"schema": "loadgen.selftest/2"}', b"[" * 100_000, b"1" * 5000,
        json.dumps({"schema": SCHEMA, "machine": MACHINE}).encode(),
        json.dumps(result(capacity=[row("http", "fast")])).encode(),  # type: ignore[arg-type]
        json.dumps(result(capacity=[row("http", float("nan"))])).encode(),
        json.dumps(result(capacity={"http": 1})).encode(),
        json.dumps(result(connections=[3])).encode(),
    ],
    ids=range(12),
)  # fmt: skip
def test_a_file_that_is_not_as_it_was_written_is_ignored_with_a_word(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "selftest.json"
    path.write_bytes(content)
    assert believed(path, MACHINE) == (None, f"the self-test in {path} is not as loadgen wrote it, and was ignored")
    assert save(path, result(plan="quick")) == ""  # and may be replaced


def test_a_file_that_is_too_large_or_no_file_is_ignored_with_a_word(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    path.mkdir()
    assert believed(path, MACHINE)[1].endswith("cannot be read (Is a directory), and was ignored")
    path.rmdir()
    with path.open("wb") as file:
        file.truncate(2 << 20)
    assert believed(path, MACHINE)[1].endswith("is not as loadgen wrote it, and was ignored")


def test_a_quick_one_does_not_replace_a_full_one_of_the_same_machine(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    assert save(path, result(plan="quick")) == save(path, result()) == ""
    assert save(path, result(plan="quick")) == f"{path} holds a full one of this machine, and is kept"
    assert save(path, result(plan="quick", machine=MACHINE | {"cpus": 2})) == ""


def test_where_nothing_can_be_kept_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "loadgen" / "selftest.json"
    assert save(path, result()) == f"{path} cannot be written: Not a directory"
    full = tmp_path / "selftest.json"
    monkeypatch.setattr("os.fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert save(full, result()) == f"{full} cannot be written: No space left on device"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
    assert save(None, result()) == "there is no home folder; set XDG_STATE_HOME"


def test_where_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")
    assert place() == Path("/somewhere/loadgen/selftest.json")
    monkeypatch.setenv("HOME", "/home/x")
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", ignored)
        assert place() == Path("/home/x/.local/state/loadgen/selftest.json")

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert place() is None


# what a run is told

TRUSTED = Trusted.of(result())


def warned(trusted: Trusted, rate: str, workers: int = 1, url: str = "http://127.0.0.1:9/", *sets: str) -> list[str]:
    return trusted.warnings(from_url(url, rate, sets=sets).profile, workers)


def test_a_run_beyond_it_is_warned_and_one_within_is_not() -> None:
    assert warned(TRUSTED, "24000/s") == []
    assert warned(TRUSTED, "100/s..60000/s") == [
        "60,000 http requests a second are asked of one worker, and the self-test of 2026-11-22 stayed VALID up to "
        "24,000: this machine may make the tail. Use --workers 3, or a lower rate"
    ]
    assert warned(TRUSTED, "60000/s", 3) == []
    assert "20,000 http requests" not in str(warned(TRUSTED, "60000/s", 3))
    (told,) = warned(TRUSTED, "100000/s", 4)
    assert told.startswith("25,000 http requests a second are asked of each worker, and")
    assert told.endswith("Use more machines or CPUs, or a lower rate")


def test_beyond_what_was_tried_is_not_said_to_be_too_much() -> None:
    assert warned(TRUSTED, "20000/s", 1, "https://127.0.0.1:9/") == [
        "20,000 https requests a second are asked of one worker: more than was ever tried, as the self-test of "
        "2026-11-22 stayed VALID up to 19,000 or more"
    ]


def test_new_connections_are_held_against_their_own_ceiling() -> None:
    (told,) = warned(TRUSTED, "10000/s", 1, "http://127.0.0.1:9/", "session=per-request")
    assert told.startswith("10,000 new http connections a second are asked of one worker, and the self-test of")
    assert "made 9,000" in told
    assert warned(TRUSTED, "9000/s", 1, "http://127.0.0.1:9/", "session=per-request") == []


def test_where_nothing_stayed_valid_only_what_was_tried_is_warned_of() -> None:
    trusted = Trusted.of(result(capacity=[row("http", None, failed_at=2_100.0)]))
    assert warned(trusted, "2000/s") == []
    (told,) = warned(trusted, "2100/s")
    assert "in the self-test of 2026-11-22 not even 2,100 stayed VALID" in told
    assert warned(trusted, "90000/s", 1, "https://127.0.0.1:9/") == []  # that was not measured


STEPS = """name: t
target: sandbox
load: [{name: a, rate: 9600/s, for: 1s}, {name: b, users: 3, for: 1s}]
scenarios:
  - {name: one, weight: 3, steps: [{name: x, get: /}]}
  - {name: five, weight: 1, steps: [SAME]}
""".replace("SAME", ", ".join(f"{{name: s{n}, get: /}}" for n in range(5)))


def test_iterations_count_with_the_requests_that_they_make() -> None:
    (told,) = TRUSTED.warnings(load("t.yaml", text=STEPS).profile, 1)  # the sandbox is https
    assert told.startswith("19,200 https requests a second")
    assert TRUSTED.warnings(load("t.yaml", text=STEPS.replace("9600", "9400")).profile, 1) == []


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this machine's own self-test would be."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = place()
    assert path
    return path


def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    monkeypatch.setattr(sys, "argv", ["loadgen", *arguments])
    with pytest.raises(SystemExit):
        main()
    return capsys.readouterr()


def test_check_says_what_the_self_test_says_of_a_plan(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def checked(*sets: str) -> str:
        sets = tuple(word for text in sets for word in ("--set", text))
        return " ".join(command(monkeypatch, capsys, "check", "steady", *sets)[0].split())

    assert "self-test: none of this machine; `loadgen selftest` finds what rates it can be trusted with" in checked()
    own = result(machine=machine.fingerprint())
    save(kept, own)
    assert "self-test of 2026-11-22: https stays VALID up to 19,000/s or more on one worker" in checked()
    fast = checked("load.steady.rate=20000/s")
    assert "beyond the self-test: 20,000 https requests a second are asked of one worker: more than" in fast
    kept.write_text("{")
    assert "is not as loadgen wrote it, and was ignored" in checked()


def test_a_run_is_warned_before_it_starts(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(kept, result(machine=machine.fingerprint()))

    async def begun(*arguments: Any) -> None:
        raise PlanError("it was to begin now")

    monkeypatch.setattr("loadgen.runner.session.run", begun)
    _, err = command(monkeypatch, capsys, "run", "http://127.0.0.1:9/", "--rate", "30000/s")
    first, last = err.splitlines()
    assert first.startswith("30,000 http requests a second are asked of one worker, and the self-test of 2026-11-22")
    assert last == "loadgen: it was to begin now"
    _, err = command(monkeypatch, capsys, "run", "http://127.0.0.1:9/", "--rate", "3000/s")
    assert err.splitlines() == ["loadgen: it was to begin now"]


def commanded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: dict[str, Any], *arguments: str
) -> tuple[int, str, str]:
    """`loadgen selftest` that finds this."""

    async def selftest(*asked: Any) -> dict[str, Any]:
        return found

    monkeypatch.setattr("loadgen.selftest.course.selftest", selftest)
    monkeypatch.setattr(sys, "argv", ["loadgen", "selftest", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), " ".join(out.split()), err


def test_the_command_keeps_what_it_found_and_prints_it(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = commanded(monkeypatch, capsys, result(), "--json")
    assert status == 0
    told = json.loads(out)
    assert told.pop("saved") == str(kept)
    assert told == json.loads(kept.read_text()) == json.loads(json.dumps(result()))


def test_where_it_cannot_be_kept_the_page_is_printed_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    status, out, _ = commanded(monkeypatch, capsys, result())
    assert status == 0
    assert "This machine can be trusted with up to 24,000/s over http" in out
    assert "! not saved: " in out and "cannot be written: Not a directory" in out
    assert "a run beyond it" not in out


def test_one_that_was_interrupted_is_printed_and_not_kept(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = result(interrupted=True, complete=False, capacity=[])
    status, out, _ = commanded(monkeypatch, capsys, found)
    assert status == 130
    assert "interrupted: this is what there was by then" in out and "not saved: it is not complete" in out
    assert not kept.exists()
