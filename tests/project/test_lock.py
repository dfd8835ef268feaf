"""`requirements.lock` and `build.lock`: what the container installs, and what it is built with."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
HOOK = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
LOCKS = ("requirements.lock", "build.lock")


def entries(lock: str) -> list[str]:
    return [entry.replace("\\\n", " ") for entry in re.split(r"\n(?=\w)", (ROOT / lock).read_text())]


def locked(lock: str) -> dict[str, list[Requirement]]:
    """By name; of some there is a version for each of several Pythons."""
    found: dict[str, list[Requirement]] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.partition(" --hash")[0].strip())
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def test_what_the_container_installs_is_what_the_project_asks_for() -> None:
    """Made by `uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header`."""
    found = locked("requirements.lock")
    for asked in map(Requirement, PROJECT["project"]["dependencies"]):
        for entry in found[canonicalize_name(asked.name)]:
            (pinned,) = entry.specifier
            assert pinned.operator == "=="
            assert asked.specifier.contains(pinned.version), f"{entry} is not {asked}"


@pytest.mark.parametrize(
    "asked", [Requirement(text) for text in [*PROJECT["build-system"]["requires"], *HOOK["compilers"]]], ids=str
)
def test_what_builds_is_one_version(asked: Requirement) -> None:
    """docs/containers.md says how build.lock is made from them."""
    (pinned,) = asked.specifier
    assert pinned.operator == "=="
    assert [str(entry) for entry in locked("build.lock")[asked.name]] == [str(asked)]


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_locked_by_its_hash(lock: str) -> None:
    assert len(entries(lock)) > 4
    for entry in entries(lock):
        assert re.search(r" --hash=sha256:[0-9a-f]{64}", entry), entry
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"--require-hashes -r /src/{lock}" in dockerfile
    assert "--no-build-isolation" in dockerfile, "else pip fetches the newest of what the backend needs"
    assert "://" not in (ROOT / lock).read_text(), "no place but the package index"


def test_what_the_container_is_built_of_enters_its_build() -> None:
    named = set(re.findall(r"/src/([\w./-]+)", (ROOT / "Dockerfile").read_text()))
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert named
    assert named <= let_in
    assert all((ROOT / name).exists() for name in let_in)
