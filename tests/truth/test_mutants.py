"""The seeded bugs can still be tried (25): the table does not rot while the source changes. What becomes of them is
tried at night, by `python -m tests.truth.mutate`, as that takes minutes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from truth.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]


def test_there_are_enough_and_each_is_another() -> None:
    assert len(MUTANTS) >= 30
    assert len({mutant.what for mutant in MUTANTS}) == len(MUTANTS)
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_a_bug_applies_once_and_is_another_program(mutant: Mutant) -> None:
    source = (ROOT / "loadgen" / mutant.file).read_text()
    assert source.count(mutant.old) == 1, f"{mutant.file} has changed: change tests/truth/mutants.py with it"
    changed = source.replace(mutant.old, mutant.new)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    assert all((ROOT / "tests" / test.partition("::")[0]).is_file() for test in mutant.tests)
