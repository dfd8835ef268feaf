"""What a result says of the machine and of the versions that made it."""

from __future__ import annotations

import re

from loadgen import __version__
from loadgen.form import FORM
from loadgen.trust import host


def test_a_result_says_which_versions_made_it() -> None:
    known = host.description()
    for version in (known.python, known.uvloop, known.httptools, known.aiohttp, known.numpy, known.openssl):
        assert re.search(r"\d+\.\d+", version)
    assert known.kernel and known.cpus > 0
    assert known.loadgen == __version__
    assert known.form == FORM
