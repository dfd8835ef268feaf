"""What of a folder is sent, and what a copy is fetched as."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.bucket.fetching import fetch
from loadgen.bucket.listing import NAME, Listing, part
from loadgen.bucket.mirror import GROWS, Mirror
from loadgen.bucket.objects import Missing, Taken
from loadgen.bucket.place import Place
from loadgen.errors import ProfileError, TargetError

PLACE = Place("runs", "load/burst")


class Memory:
    """Objects in memory, and what was put in which order. `failing`: puts of these keys fail, once each."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.put_keys: list[str] = []
        self.failing: set[str] = set()
        self.keeping = False

    def put(self, key: str, body: bytes | IO[bytes], new: bool = False) -> None:
        if key in self.failing:
            self.failing.remove(key)
            raise TargetError(f"{key}: refused")
        if new and key in self.objects:
            raise Taken(f"{key}: there is one already")
        self.objects[key] = body if isinstance(body, bytes) else body.read()
        self.put_keys.append(key)

    def get(self, key: str, limit: int) -> bytes:
        if key not in self.objects:
            raise Missing(f"{key}: there is no such object")
        if len(self.objects[key]) > limit:
            raise TargetError(f"{key}: too large")
        return self.objects[key]

    def delete(self, key: str) -> None:
        if self.keeping:
            raise TargetError(f"{key}: may not be deleted")
        self.objects.pop(key, None)

    def taken(self) -> list[str]:
        """What was put since the last call."""
        keys, self.put_keys = self.put_keys, []
        return keys


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (folder := tmp_path / "run").mkdir()
    (folder / "run.json").write_text("{}")
    (folder / GROWS).write_bytes(b"one")
    return folder


@pytest.fixture
def mirror(run: Path, memory: Memory) -> Iterator[Mirror]:
    mirror = Mirror(run, memory)
    mirror.begin()
    memory.taken()
    return mirror


def fetched(memory: Memory, to: Path) -> dict[str, bytes]:
    to.mkdir(exist_ok=True)
    folder = fetch(PLACE, to, memory)
    assert folder == to / "burst"
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_only_what_has_changed_is_sent(mirror: Mirror, memory: Memory, run: Path) -> None:
    mirror.copy()
    assert memory.taken() == ["run.json", part(GROWS, 0), NAME]
    mirror.copy()
    assert memory.taken() == []
    with (run / GROWS).open("ab") as file:
        file.write(b"two")
    mirror.copy()
    assert memory.taken() == [part(GROWS, 3), NAME]
    assert memory.objects[part(GROWS, 3)] == b"two"
    (run / "run.json").write_text('{"amended": true}')
    mirror.copy()
    assert memory.taken() == ["run.json"], "the list of files is the same"


def test_a_ledger_that_is_mapped_is_sent_when_its_content_is_another(mirror: Mirror, memory: Memory, run: Path) -> None:
    ledger = run / "worker-0.counters"
    ledger.write_bytes(b"0000")
    mirror.copy()
    memory.taken()
    before = ledger.stat()
    ledger.write_bytes(b"0001")
    os.utime(ledger, ns=(before.st_atime_ns, before.st_mtime_ns))
    mirror.copy()
    assert memory.taken() == ["worker-0.counters"]
    os.utime(ledger)
    mirror.copy()
    assert memory.taken() == []


def test_a_copy_is_read_as_the_folder_at_any_time(mirror: Mirror, memory: Memory, run: Path, tmp_path: Path) -> None:
    (run / "rounds" / "1").mkdir(parents=True)
    (run / "rounds" / "1" / GROWS).write_bytes(b"inner")
    for number in range(3):
        mirror.copy()
        assert fetched(memory, tmp_path / f"{number}") == contents(run)
        with (run / GROWS).open("ab") as file:
            file.write(b"more")
    assert mirror.finish() == len(contents(run)) == 3
    assert fetched(memory, tmp_path / "last") == contents(run)
    assert {*memory.objects} == {NAME, *contents(run)}, "it is the folder, for any other tool too"
    assert Listing.decode(memory.objects[NAME]).complete


def test_pieces_that_may_not_be_deleted_harm_nobody(mirror: Mirror, memory: Memory, run: Path, tmp_path: Path) -> None:
    memory.keeping = True
    mirror.copy()
    mirror.finish()
    assert part(GROWS, 0) in memory.objects
    assert fetched(memory, tmp_path / "to") == contents(run)


def test_what_failed_is_sent_the_next_time(mirror: Mirror, memory: Memory, run: Path, tmp_path: Path) -> None:
    for key in (part(GROWS, 0), NAME, "run.json"):
        memory.failing = {key}
        with pytest.raises(TargetError):
            mirror.copy()
        mirror.copy()
        assert fetched(memory, tmp_path / key) == contents(run)
        with (run / GROWS).open("ab") as file:
            file.write(b"more")
        (run / "run.json").write_text(key)
        (run / key.replace(".", "-")).write_text("another")
        memory.failing = set()


def test_what_is_no_file_of_the_run_is_not_sent(mirror: Mirror, memory: Memory, run: Path) -> None:
    (run / ".result.json").write_text("half of it")
    (run / "secret").symlink_to("/etc/hostname")
    os.mkfifo(run / "pipe")
    mirror.copy()
    assert memory.taken() == ["run.json", part(GROWS, 0), NAME]


def test_a_place_that_is_taken_is_left_alone(mirror: Mirror, memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(Taken):
        Mirror(tmp_path / "another", memory).begin()


def test_a_folder_that_never_came_leaves_nothing(memory: Memory, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "never", memory)
    mirror.begin()
    mirror.copy()
    assert mirror.finish() == 0
    assert memory.objects == {}


def test_there_is_no_copy(memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"is not a run's copy: it has no copy\.json"):
        fetch(PLACE, tmp_path, memory)


def test_a_copy_that_has_only_begun_says_so(memory: Memory, tmp_path: Path) -> None:
    Mirror(tmp_path / "run", memory).begin()
    with pytest.raises(ProfileError, match=f"{re.escape(str(PLACE))}: the copy has begun, and no file is in it yet"):
        fetch(PLACE, tmp_path, memory)


def test_a_piece_that_is_gone_is_named(mirror: Mirror, memory: Memory, tmp_path: Path) -> None:
    mirror.copy()
    del memory.objects[part(GROWS, 0)]
    with pytest.raises(TargetError, match="try again"):
        fetch(PLACE, tmp_path, memory)


HOSTILE = [
    b"", b"{", b"[]", b"[" * 100_000, b'{"schema": "loadgen.copy/2", "files": {}}', b"\xff\xfe",
    *(
        json.dumps({"schema": "loadgen.copy/1", "files": files}).encode()
        for files in (
            [], {"../x": ["../x"]}, {"/etc/passwd": []}, {"a/../../x": []}, {"a//b": []}, {"./a": []}, {"": []},
            {"a\n": []}, {"a": ["b"]}, {"a": ["a.1"]}, {"a": ["../a"]}, {"a": "a"}, {"a": [1]}, {".": []},
            {"a\x1b[2J": []}, {"a": ["a.000000000000/x"]},
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE)
def test_what_loadgen_did_not_write_is_refused(memory: Memory, tmp_path: Path, content: bytes) -> None:
    memory.objects[NAME] = content
    with pytest.raises(ProfileError, match="not as loadgen writes it") as refused:
        fetch(PLACE, tmp_path, memory)
    assert str(refused.value).isprintable()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("names", [("a", "a/b"), ("x" * 300,)])
def test_names_that_no_disk_takes_are_refused(memory: Memory, tmp_path: Path, names: tuple[str, ...]) -> None:
    memory.objects = dict.fromkeys(names, b"") | {NAME: Listing({name: [name] for name in names}).encode()}
    with pytest.raises(ProfileError, match="cannot be fetched"):
        fetch(PLACE, tmp_path, memory)


@given(st.dictionaries(st.sampled_from(["run.json", f"a/{GROWS}", GROWS, "rounds/1/result.json"]), st.integers(0, 4)))
def test_a_listing_is_read_as_it_was_written(files: dict[str, int]) -> None:
    listing = Listing({name: [part(name, n) for n in range(count)] or [name] for name, count in files.items()})
    assert Listing.decode(listing.encode()) == listing
