"""Tries the seeded bugs: `python -m tests.truth.mutate [WORD…]`, those whose description has one of the words.

Each is put into a copy of the source, and its tests are run there. A bug that no test finds has survived: a test is
missing. Exits with 1 if more than one in twenty survive or one does not apply, with 2 if the tests fail without a bug.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.truth.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
AT_ONCE = 2
CPU_LIMIT = 120  # seconds of CPU time for one: a bug may make a test go on for ever, and is then found
LIMIT = 1800  # seconds for one, on whatever machine
KILLED_AT_LEAST = 0.95
PASSED, FAILED = 0, 1  # pytest's exit statuses; others say that it could not run
LEFT_OUT = shutil.ignore_patterns("__pycache__", "runs", ".git", ".*_cache", ".venv", "*.egg-info")


def mutated(mutant: Mutant, source: str) -> str:
    """The source with the bug in it. Raises ValueError where it does not apply exactly once."""
    if (times := source.count(mutant.old)) != 1 or mutant.old == mutant.new:
        raise ValueError(f"{mutant.what}: what it changes is {times} times in {mutant.file}")
    return source.replace(mutant.old, mutant.new)


class Copy:
    """The source in a folder of its own, with a bug put into it for a while."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT, folder, ignore=LEFT_OUT)

    def try_(self, mutant: Mutant) -> str:
        """`killed`, `survived`, or what went wrong."""
        place = self.folder / "loadgen" / mutant.file
        sound = place.read_text()
        try:
            place.write_text(mutated(mutant, sound))
            return self.run(mutant.tests)
        except ValueError as error:
            return str(error)
        finally:
            place.write_text(sound)

    def run(self, tests: Sequence[str], cpu_limit: float = CPU_LIMIT) -> str:
        """The same, of tests."""
        limited = ["sh", "-c", f'ulimit -S -t {cpu_limit:.0f} && exec "$@"', "sh"]
        command = [*limited, sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("LOADGEN_FULL_TESTS", None)
        try:
            done = subprocess.run(
                [*command, *(f"tests/{test}" for test in tests)],
                cwd=self.folder, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"its tests do not end within {LIMIT} s"
        outcomes = {PASSED: "survived", FAILED: "killed", -signal.SIGXCPU: "killed"}
        return outcomes.get(done.returncode) or f"its tests do not run: {done.stdout[-2000:]}"


def main(words: Sequence[str]) -> int:
    chosen = [m for m in MUTANTS if not words or any(word in m.what for word in words)]
    with tempfile.TemporaryDirectory(prefix="loadgen-mutants-") as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(AT_ONCE):
            copies.put(Copy(Path(folder) / f"{number}"))
        sound = copies.get()
        tests = sorted({test for mutant in chosen for test in mutant.tests})
        if (found := sound.run(tests, CPU_LIMIT * len(tests))) != "survived":
            print(f"without any bug the tests do not pass: {found}")
            return 2
        copies.put(sound)

        def one(mutant: Mutant) -> str:
            copy = copies.get()
            try:
                return copy.try_(mutant)
            finally:
                copies.put(copy)

        return report(chosen, pool.map(one, chosen))


def report(chosen: Sequence[Mutant], outcomes: Iterable[str]) -> int:
    """The table, as it comes."""
    print(f"{'bug':72} {'outcome':10} tests")
    found = Counter[str]()
    for mutant, outcome in zip(chosen, outcomes, strict=True):
        print(f"{mutant.what:72} {outcome:10} {' '.join(mutant.tests)}", flush=True)
        found[outcome] += 1
    number, killed = len(chosen), found["killed"]
    print(f"\n{killed} of {number} killed ({killed / max(1, number):.1%})")
    tried = killed + found["survived"] == number
    return 0 if tried and killed >= KILLED_AT_LEAST * number else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
