"""`requirements.lock`: what the container installs."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from paths import ROOT

LOCK = (ROOT / "requirements.lock").read_text()
ENTRIES = [entry.replace("\\\n", " ") for entry in re.split(r"\n(?=\w)", LOCK)]


def locked() -> dict[str, list[Requirement]]:
    """By name; of some there is a version for each of several Pythons."""
    found: dict[str, list[Requirement]] = {}
    for entry in ENTRIES:
        requirement = Requirement(entry.partition(" --hash")[0].strip())
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def test_what_the_container_installs_is_what_the_project_asks_for() -> None:
    """Made by `uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header`."""
    found = locked()
    for asked in map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]):
        entries = found[canonicalize_name(asked.name)]
        for entry in entries:
            (pinned,) = entry.specifier
            assert pinned.operator == "=="
            assert asked.specifier.contains(pinned.version), f"{entry} is not {asked}"


def test_everything_is_locked_by_its_hash() -> None:
    assert len(ENTRIES) > 20
    for entry in ENTRIES:
        assert re.search(r" --hash=sha256:[0-9a-f]{64}", entry), entry
    assert "--require-hashes -r /src/requirements.lock" in (ROOT / "Dockerfile").read_text()
    assert "://" not in LOCK, "no place but the package index"


def test_what_the_container_is_built_of_enters_its_build() -> None:
    named = set(re.findall(r"/src/([\w./-]+)", (ROOT / "Dockerfile").read_text()))
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert named
    assert named <= let_in
    assert all((ROOT / name).exists() for name in let_in)
