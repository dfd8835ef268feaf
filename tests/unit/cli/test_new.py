"""`loadgen new`."""

from __future__ import annotations

from pathlib import Path

from called import Called, Loadgen

from loadgen.profile.load import load


def test_new_writes_a_profile_that_can_be_run(loadgen: Loadgen, tmp_path: Path) -> None:
    called = loadgen("new", "https://example.org/prod/")
    assert (called.status, called.err) == (0, "")
    profile = load("new.yaml", text=called.out).profile
    assert (profile.target.url, profile.scenarios[0].steps[0].path) == ("https://example.org", "/prod/")
    assert called.out.count("#") > 5, "it is commented"
    written = loadgen("new", "https://example.org/prod/", "--out", "new.yaml")
    assert written == Called(0, "", "new.yaml is written. Look at what it would send: loadgen check new.yaml\n")
    assert (tmp_path / "new.yaml").read_text() == called.out
    again = loadgen("new", "https://example.org/prod/", "-o", "new.yaml")
    assert again == Called(2, "", "loadgen: new.yaml: exists already. Choose another name with --out\n")
