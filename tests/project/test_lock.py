"""`requirements.lock`, `requirements-ray.lock` and `build.lock`: what the container installs, and what it is built
with."""

from __future__ import annotations

import itertools
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
HOOK = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
LOCKS = ("requirements.lock", "requirements-ray.lock", "build.lock")
DOCKERFILES = [
    (ROOT / "Dockerfile").read_text().replace("${EXTRAS:+-$EXTRAS}", suffix).replace('"', "") for suffix in ("", "-ray")
]
"""As a shell reads it without EXTRAS, and with EXTRAS=ray."""


def entries(lock: str) -> list[str]:
    return [entry.replace("\\\n", " ") for entry in re.split(r"\n(?=\w)", (ROOT / lock).read_text())]


def locked(lock: str) -> dict[str, list[Requirement]]:
    """By name; of some there is a version for each of several Pythons."""
    found: dict[str, list[Requirement]] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.partition(" --hash")[0].strip())
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


@pytest.mark.parametrize(("lock", "extras"), [("requirements.lock", ()), ("requirements-ray.lock", ("ray",))])
def test_what_the_container_installs_is_what_the_project_asks_for(lock: str, extras: tuple[str, ...]) -> None:
    """docs/containers.md says how they are made."""
    found = locked(lock)
    project = PROJECT["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    for asked in map(Requirement, itertools.chain.from_iterable(lists)):
        for entry in found[canonicalize_name(asked.name)]:
            (pinned,) = entry.specifier
            assert pinned.operator == "=="
            assert asked.specifier.contains(pinned.version), f"{entry} is not {asked}"


def test_the_image_with_ray_has_the_versions_of_the_one_without() -> None:
    with_ray = entries("requirements-ray.lock")
    for entry in entries("requirements.lock"):
        assert without_notes(entry) in map(without_notes, with_ray), entry.partition(" ")[0]


def without_notes(entry: str) -> str:
    return re.sub(r"\s+#.*", "", entry).strip()


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
    assert any(f"--require-hashes -r /src/{lock} " in dockerfile for dockerfile in DOCKERFILES)
    assert "--no-build-isolation" in DOCKERFILES[0], "else pip fetches the newest of what the backend needs"
    assert "://" not in (ROOT / lock).read_text(), "no place but the package index"


def test_what_the_container_is_built_of_enters_its_build() -> None:
    named = {name for dockerfile in DOCKERFILES for name in re.findall(r"/src/([\w./-]+)", dockerfile)}
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert named
    assert named <= let_in
    assert all((ROOT / name).exists() for name in let_in)
