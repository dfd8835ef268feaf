"""What a result says of the machine and of the versions that made it."""

from __future__ import annotations

from loadgen import __version__
from loadgen.trust import host


def test_a_result_says_which_versions_made_it() -> None:
    named = {"loadgen", "python", "uvloop", "httptools", "aiohttp", "numpy", "openssl", "kernel"}
    known = host.about()
    assert named <= known.keys()
    assert "?" not in known.values()
    assert known["loadgen"] == __version__
