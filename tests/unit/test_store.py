"""The run folder: what is written comes back, whatever was cut off; a disk that fails is told once and stops no run."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_harness import Run, go

from loadgen.clock import MILLISECOND
from loadgen.errors import ProfileError
from loadgen.exchange import Exchange
from loadgen.record.metrics import Metric
from loadgen.record.packed import pack
from loadgen.record.recorder import Place, SeriesKey
from loadgen.record.recording import Recording
from loadgen.record.seconds import FILE, SecondsWriter, read_seconds, replay
from loadgen.result.reason import Reason
from loadgen.stats import HIGHEST, OVERFLOW, Histogram
from loadgen.store import RunFolder, latest
from loadgen.transport.scripted import NEVER, Reply

SHOP = """
load: [{name: a, rate: 50/s, for: 3s}, {name: b, users: 2, for: 1s}]
timeout: 500ms
scenarios:
  - name: order
    steps:
      - {name: put, post: /, capture: {cold: header.x-cold}, record: {fn: header.server-timing.fn}}
      - {name: read, get: /}
    split_by: [cold]
"""


def shop(x: Exchange) -> Reply:
    number = x.due // 1000 % 10
    headers = {"x-cold": f"{number < 5}, maybe\n", "server-timing": "fn;dur=3"}
    return Reply(after=NEVER if number == 9 else (1 + number) * MILLISECOND, headers=headers, connect=number)


@pytest.fixture(scope="module")
def shopped() -> Run:
    return go(SHOP, shop)


def plain(recording: Recording) -> dict[Any, tuple[Any, ...]]:
    return {
        place: (h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most)
        for place, h in recording.histograms.items()
    }


def seconds(run: Run) -> list[dict[Place, Histogram]]:
    """What a fleet takes in second by second; one second's figures come in with the next, too."""
    found: list[dict[Place, Histogram]] = [{} for _ in range(12)]
    for number, (place, histogram) in enumerate(run.by_second.items()):
        found[min(place[0] + number % 2, 11)][place] = histogram
    return found


def write(folder: RunFolder, run: Run) -> None:
    folder.begin({"name": "x"}, {"seed": 1})
    for number, taken in enumerate(seconds(run)):
        folder.second(pack(taken), [{"worker": 0, "second": number}])


def silent(text: str) -> None:
    raise AssertionError(f"nothing is wrong, and yet it says: {text}")


def test_what_was_recorded_comes_back_from_the_folder(tmp_path: Path, shopped: Run) -> None:
    folder = RunFolder(tmp_path / "runs" / "x", silent)
    write(folder, shopped)
    assert plain(replay(folder.path)) == plain(shopped.recording), "already while it runs"
    assert folder.finish({"schema": "s"})
    assert plain(replay(folder.path)) == plain(shopped.recording)
    assert json.loads((folder.path / "result.json").read_text()) == {"schema": "s"}
    assert json.loads((folder.path / "profile.json").read_text()) == {"name": "x"}
    assert json.loads((folder.path / "run.json").read_text()) == {"seed": 1}
    health = [sample for second in read_seconds(folder.path) for sample in second.health]
    assert [sample["second"] for sample in health] == list(range(12))
    files = sorted(path.name for path in folder.path.iterdir())
    assert files == ["profile.json", "result.json", "run.json", "seconds.bin"]


def test_what_is_known_before_the_end_may_become_another(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "x", silent)
    folder.begin({"name": "x"}, {"seconds": 600, "more": "than later"})
    folder.amend({"seconds": 22})
    assert json.loads((folder.path / "run.json").read_text()) == {"seconds": 22}
    assert not [path.name for path in folder.path.iterdir() if path.name.startswith(".")]
    folder.close()


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.999])
def test_a_run_that_was_killed_keeps_all_but_its_last_second(tmp_path: Path, shopped: Run, kept: float) -> None:
    folder = RunFolder(tmp_path / "x", silent)
    write(folder, shopped)
    folder.close()
    path = folder.path / FILE
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    whole = len(list(read_seconds(folder.path)))
    assert 12 * kept - 3 < whole < 12
    expected = Recording()
    for taken in seconds(shopped)[:whole]:
        for place, histogram in taken.items():
            expected.add(*place, histogram)
    expected.flush()
    assert plain(replay(folder.path)) == plain(expected)


def test_figures_over_an_hour_come_back_too(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "x", silent)
    folder.begin({}, {})
    recording = Recording()
    recording.add(0, SeriesKey(0, 0, 0, ""), Metric.RESPONSE, Histogram.of(np.array([5, 2 * HIGHEST])))
    folder.second(recording.packed(), [])
    folder.close()
    found = replay(folder.path).total(Metric.RESPONSE)
    assert (found.index.tolist(), found.most) == ([5, OVERFLOW], 2 * HIGHEST)


# disks that fail


def failing(code: int) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(code, os.strerror(code))

    return fail


def test_a_link_to_nothing_is_not_said_to_exist(tmp_path: Path) -> None:
    (tmp_path / "runs").symlink_to("gone")
    for path in (tmp_path / "runs" / "x", tmp_path / "runs"):
        with pytest.raises(ProfileError, match=f"^{tmp_path}/runs is a link to what does not exist. Name another"):
            RunFolder(path, lambda told: None)


def test_a_folder_that_is_there_is_never_written_into(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="exists already"):
        RunFolder(tmp_path, silent)


def test_a_folder_that_cannot_be_made_is_told_once_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shopped: Run
) -> None:
    monkeypatch.setattr(Path, "mkdir", failing(errno.EROFS))
    told: list[Reason] = []
    folder = RunFolder(tmp_path / "x", told.append)
    counters = folder.make_room(0, 4096)
    assert counters.stat().st_size == 4096
    assert counters.parent != tmp_path / "x"
    write(folder, shopped)
    assert not folder.finish({})
    assert not counters.exists(), "what was made elsewhere is gone"
    why = "cannot be made: Read-only file system"
    assert told == [Reason.of("folder_unusable", folder=str(tmp_path / "x"), why=why)]


def test_a_folder_that_is_needed_is_refused_before_the_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as disk:
        disk.setattr(Path, "mkdir", failing(errno.EROFS))
        with pytest.raises(ProfileError, match=r"x: cannot be made: Read-only file system\. Name a folder elsewhere"):
            RunFolder(tmp_path / "x", silent, needed=True)
    folder = RunFolder(tmp_path / "x", silent, needed=True)
    folder.begin({}, {})
    monkeypatch.setattr(os, "posix_fallocate", failing(errno.ENOSPC))
    with pytest.raises(ProfileError, match="x: has no room: No space left on device"):
        folder.make_room(0, 4096)
    assert not folder.path.exists(), "the next run may have that name"
    folder = RunFolder(tmp_path / "x", silent, needed=True)
    with monkeypatch.context() as disk, pytest.raises(ProfileError, match="x: cannot be written: No space left"):
        disk.setattr(os, "open", failing(errno.ENOSPC))
        folder.begin({}, {})


def test_a_folder_that_is_needed_may_fill_up_during_the_load(tmp_path: Path, shopped: Run) -> None:
    told: list[Reason] = []
    folder = RunFolder(tmp_path / "x", told.append, needed=True)
    folder.begin({}, {})
    fill_up(folder, 1)
    for taken in seconds(shopped):
        folder.second(pack(taken), [])
    assert not folder.finish({"schema": "s"})
    assert len(told) == 1


def test_a_witness_tells_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "mkdir", failing(errno.EROFS))
    told: list[Reason] = []
    inner = RunFolder(tmp_path / "x", told.append).inner("witness")
    assert (inner.path, inner.usable, len(told)) == (tmp_path / "x" / "witness", False, 1)


class FullFile:
    """A file on a disk that takes so many writes and no more."""

    def __init__(self, left: int) -> None:
        self.left = left

    def write(self, content: bytes) -> int:
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return len(content)

    def flush(self) -> None: ...

    def close(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fill_up(folder: RunFolder, left: int) -> None:
    """Let the disk take so many seconds more."""
    assert folder._seconds
    folder._seconds.close()
    folder._seconds = SecondsWriter(FullFile(left))  # type: ignore[arg-type]


@pytest.mark.parametrize("writes", [0, 1, 5])
def test_a_disk_that_fills_up_is_told_once_and_the_run_goes_on(tmp_path: Path, shopped: Run, writes: int) -> None:
    told: list[Reason] = []
    folder = RunFolder(tmp_path / "x", told.append)
    folder.begin({}, {})
    fill_up(folder, writes)
    for taken in seconds(shopped):
        folder.second(pack(taken), [])
    assert not folder.finish({"schema": "s"})
    assert len(told) == 1
    assert str(told[0].values["why"]).endswith("No space left on device")
    assert not (folder.path / "result.json").exists(), "a result that lacks a part is none"


def test_a_result_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Reason] = []
    folder = RunFolder(tmp_path / "x", told.append)
    folder.begin({}, {})
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    assert not folder.finish({"schema": "s"})
    assert len(told) == 1
    assert not [path for path in folder.path.iterdir() if "result" in path.name]


def test_counters_are_kept_elsewhere_if_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Reason] = []
    folder = RunFolder(tmp_path / "x", told.append)
    allocate = os.posix_fallocate
    rooms: list[bool] = [False, True, True]
    full = failing(errno.ENOSPC)
    monkeypatch.setattr(os, "posix_fallocate", lambda *given: (allocate if rooms.pop(0) else full)(*given))
    first, second = folder.make_room(0, 4096), folder.make_room(1, 4096)
    assert first.parent == second.parent != folder.path
    assert len(told) == 1
    folder.close()
    assert not first.parent.exists()


def test_room_is_taken_at_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "x", silent)
    path = folder.make_room(3, 8192)
    assert path == folder.path / "worker-3.counters"
    assert path.stat().st_size == 8192
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_run_is_its_owners_own(tmp_path: Path, shopped: Run) -> None:
    folder = RunFolder(tmp_path / "runs" / "x", silent)
    assert folder.path.stat().st_mode & 0o777 == 0o700
    write(folder, shopped)
    folder.make_room(0, 4096)
    folder.finish({"schema": "s"})
    assert {path.stat().st_mode & 0o777 for path in folder.path.iterdir()} == {0o600}
    assert len([*folder.path.iterdir()]) == 5


@pytest.mark.parametrize("name", ["profile.json", "seconds.bin", ".result.json"])
def test_nothing_is_written_through_a_link(tmp_path: Path, name: str) -> None:
    folder, elsewhere = RunFolder(tmp_path / "x", lambda told: None), tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (folder.path / name).symlink_to(elsewhere)
    with pytest.raises(ProfileError, match="exists already"):
        folder.begin({}, {})
        folder.finish({})
    folder.close()
    assert elsewhere.read_text() == "mine"


def test_the_newest_run_is_the_one_that_began_last(tmp_path: Path) -> None:
    assert latest(tmp_path / "nowhere") is None
    assert latest(tmp_path) is None
    for number, name in enumerate(("b", "c", "a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
        os.utime(tmp_path / name / "run.json", (number, number))
    (tmp_path / "d").mkdir()
    (tmp_path / "file").write_text("")
    assert latest(tmp_path) == tmp_path / "a"


def test_a_run_of_somebody_else_is_not_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
    look = Path.stat

    def stat(path: Path, **options: Any) -> os.stat_result:
        if path.parent.name == "theirs":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return look(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    assert latest(tmp_path) == tmp_path / "mine"
