"""Disks that take nothing: mount namespaces in which every place is read-only, or full. Each function is a `preexec_fn`
of a process, which then stands in a namespace of its own."""

from __future__ import annotations

import ctypes
import os
import tempfile
from pathlib import Path

import pytest

CLONE_NEWNS = 0x20000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x20, 0x1000, 0x4000, 0x40000
CANDIDATES = ("/tmp", "/var/tmp", "/usr/tmp", "/dev/shm", "/run")  # and the folder in which it stands
_libc = ctypes.CDLL(None, use_errno=True)


def skip_without() -> None:
    """Skip a test where mount namespaces cannot be made."""
    child = os.fork()
    if not child:
        os._exit(_libc.unshare(CLONE_NEWNS) and ctypes.get_errno())
    if error := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        pytest.skip(f"a mount namespace takes CAP_SYS_ADMIN: {os.strerror(error)}")


def read_only() -> None:
    """Nothing can be written anywhere, as in a container with --read-only."""
    _apart()
    for place in _candidates():
        assert not _takes(place), place


def full() -> None:
    """A folder can be made where one stands, and nothing in it; elsewhere not even that."""
    here = Path.cwd()
    profile = next(iter(here.glob("*.yaml")), None)
    text = profile.read_text() if profile else ""
    _apart()
    _mount("tmpfs", here, "tmpfs", options="size=8k")  # one page for the profile, one for what fills it
    os.chdir(here)
    if profile:
        profile.write_text(text)
    (here / "filling").write_bytes(bytes(4096))
    for place in _candidates():
        assert not _takes(place), place


def _apart() -> None:
    if _libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    _mount(None, Path("/"), flags=MS_REC | MS_PRIVATE)
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place = Path(line.split()[4].encode().decode("unicode_escape"))
        if not place.is_relative_to("/proc"):
            _mount(None, place, flags=MS_REMOUNT | MS_BIND | MS_RDONLY, needed=False)


def _candidates() -> list[Path]:
    return [place for place in map(Path, (*CANDIDATES, Path.cwd(), tempfile.gettempdir())) if place.is_dir()]


def _takes(place: Path) -> bool:
    """Whether a file there takes any content."""
    file = place / f"probe-{os.getpid()}"
    try:
        file.write_bytes(b"x")
    except OSError:
        return False
    finally:
        file.unlink(missing_ok=True) if os.access(place, os.W_OK) else None
    return True


def _mount(
    source: str | None, place: Path, kind: str | None = None, flags: int = 0, options: str = "", needed: bool = True
) -> None:
    encoded = [None if text is None else text.encode() for text in (source, str(place), kind)]
    if _libc.mount(*encoded, flags, options.encode()) and needed:
        raise OSError(ctypes.get_errno(), f"mount {place}")
