"""Profiles beyond all reason are refused, or cost no more than others."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadgen.errors import ProfileError
from loadgen.profile.load import load

PLAIN = """
name: plain
target: http://127.0.0.1:1
load: [{name: a, rate: 50/s, for: 2s}]
scenarios: [{name: s, steps: [{name: g, get: /}]}]
"""


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("rate: 50/s", "rate: 10000001/s", "no machine can send"),
        ("for: 2s", "for: 8785h", "longer than a year"),
        ("rate: 50/s, for: 2s", "users: 1000000001, for: 2s", "out of range"),
        ("rate: 50/s, for: 2s", "rate: 50/s, iterations: 1000000001", "out of range"),
        ("get: /", 'post: /, text: "{{bytes 100000000}}"', "16777216"),
        ("name: plain", "name: plain\ncycles: 1001", "out of range"),
        ("name: plain", "name: plain\nmax_rate: 49/s", "more than max_rate allows"),
    ],
)
def test_a_load_beyond_all_reason_is_refused(tmp_path: Path, written: str, instead: str, told: str) -> None:
    with pytest.raises(ProfileError, match=told):
        load(tmp_path / "p.yaml", text=PLAIN.replace(written, instead))


def test_a_matrix_is_counted_before_it_is_made(tmp_path: Path) -> None:
    axes = ", ".join(f"a{n}: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]" for n in range(30))
    with pytest.raises(ProfileError, match=f"has {10**30} variants, more than 64"):
        load(tmp_path / "p.yaml", text=PLAIN + f"experiment: {{matrix: {{{axes}}}}}\n")


def test_a_variable_many_times_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME", "x")
    many = PLAIN.replace("get: /", 'get: "/' + "${SOME}" * 100_000 + '"')
    (step,) = load(tmp_path / "p.yaml", text=many).profile.scenarios[0].steps
    assert step.path == "/" + "x" * 100_000
