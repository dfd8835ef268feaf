"""In which form the program runs: all modules of a request's way are of one."""

from __future__ import annotations

import tomllib
from importlib import import_module

import pytest
from paths import ROOT

from loadgen.form import FORM

BUILD = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
MODULES = BUILD["targets"]["wheel"]["hooks"]["custom"]["modules"]


@pytest.mark.parametrize("path", MODULES)
def test_a_module_that_is_to_be_compiled_has_the_form_that_the_program_tells(path: str) -> None:
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert ("pure" if str(import_module(name).__file__).endswith(".py") else "compiled") == FORM


def test_the_module_that_tells_the_form_is_one_of_them() -> None:
    assert "loadgen/form.py" in MODULES
    assert len(set(MODULES)) == len(MODULES)
