"""hatch_build.py: in which form loadgen is built. Nothing is compiled here; `.ci/run` compiles."""

from __future__ import annotations

import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT


def loaded() -> Any:
    """The module, as a build frontend loads it."""
    spec = spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hatch_build = loaded()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


class Machine:
    """One that lacks something, or nothing, and whose compiler ends with `failure`."""

    def __init__(self, patch: pytest.MonkeyPatch, lacks: str, failure: str) -> None:
        patch.setattr(hatch_build, "lacking", lambda: lacks)
        patch.setattr(hatch_build.Compiling, "compile", lambda hook: lacks or failure)
        patch.chdir(ROOT)

    def build(self, version: str = "standard") -> dict[str, Any]:
        """What the hook adds to a wheel."""
        hook = hatch_build.Compiling(str(ROOT), {"modules": [], "runtime": ["librt"]}, None, None, "", "wheel")
        added: dict[str, Any] = {"force_include": {}, "dependencies": [], "pure_python": True, "infer_tag": False}
        hook.initialize(version, added)
        hook.finalize(version, added, "")
        return added


def machine(patch: pytest.MonkeyPatch, form: str | None, lacks: str = "", failure: str = "") -> Machine:
    if form is None:
        patch.delenv("LOADGEN_BUILD", raising=False)
    else:
        patch.setenv("LOADGEN_BUILD", form)
    return Machine(patch, lacks, failure)


@pytest.mark.parametrize(
    ("form", "lacks", "compiles"),
    [
        (None, "", True),
        ("", "", True),
        ("auto", "", True),
        ("auto", "a C compiler", False),
        ("compiled", "", True),
        ("compiled", "a C compiler", True),
        ("pure", "", False),
    ],
)
def test_mypy_is_asked_for_only_where_it_compiles(
    monkeypatch: pytest.MonkeyPatch, form: str | None, lacks: str, compiles: bool
) -> None:
    machine(monkeypatch, form, lacks)
    asked = {requirement.partition("==")[0] for requirement in hatch_build.get_requires_for_build_wheel()}
    assert ("mypy" in asked) == compiles
    assert "mypy" not in {
        requirement.partition("==")[0] for requirement in hatch_build.get_requires_for_build_editable()
    }


def test_what_compiles_is_no_wheel_for_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    added = machine(monkeypatch, "compiled").build()
    assert (added["pure_python"], added["infer_tag"], added["dependencies"]) == (False, True, ["librt"])


def test_what_is_pure_is_a_wheel_for_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine(monkeypatch, "pure").build()["pure_python"]


def test_where_compiling_fails_it_is_pure_and_says_why_in_its_first_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine(monkeypatch, "auto", failure="mypyc failed\nand this is how").build()["pure_python"]
    first, *_ = capsys.readouterr().err.splitlines()
    assert first == "loadgen is built pure, which is slower: mypyc failed"


def test_who_insists_gets_no_pure_form(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="loadgen cannot be compiled: this machine has no C compiler"):
        machine(monkeypatch, "compiled", failure="this machine has no C compiler").build()


def test_an_editable_install_is_pure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine(monkeypatch, "auto").build("editable")["pure_python"]
    with pytest.raises(SystemExit, match="an editable install is always pure"):
        machine(monkeypatch, "compiled").build("editable")


def test_a_form_that_does_not_exist_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="must be one of auto, compiled, pure"):
        machine(monkeypatch, "fast").build()


@pytest.mark.parametrize(
    ("there", "missing"), [(("gcc", "Python.h"), ""), (("Python.h",), "a C compiler"), (("gcc",), "Python's headers")]
)
def test_it_knows_what_a_machine_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: tuple[str, ...], missing: str
) -> None:
    monkeypatch.setenv("CC", "gcc -pthread")
    monkeypatch.setattr(hatch_build.shutil, "which", lambda name: name if name in there else None)
    monkeypatch.setattr(hatch_build.sysconfig, "get_path", lambda name: str(tmp_path))
    if "Python.h" in there:
        (tmp_path / "Python.h").touch()
    assert hatch_build.lacking() == missing


def test_wheels_are_made_for_the_pythons_and_processors_that_are_promised() -> None:
    wheels = PROJECT["tool"]["cibuildwheel"]
    assert wheels["build"] == [f"cp3{minor}-*" for minor in range(11, 15)]
    assert PROJECT["project"]["requires-python"] == ">=3.11"
    assert wheels["linux"]["archs"] == ["x86_64", "aarch64"]
    assert wheels["environment"]["LOADGEN_BUILD"] == "compiled", "else a failure falls back to the pure form"
