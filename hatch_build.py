"""How loadgen is built: by hatchling, and mypyc compiles the modules of a request's way. `LOADGEN_BUILD` says whether:

    auto      compiled if this machine has a C compiler and Python's headers, else pure; pure also if compiling fails
    compiled  compiled, or not built at all
    pure      as Python

This file is the build backend, which asks for mypy only where it compiles, and hatchling's build hook. An editable
install is always pure: a compiled module in the source tree would hide what is edited.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

from hatchling import build as hatchling
from hatchling.build import *  # noqa: F403
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FORMS = ("auto", "compiled", "pure")
LIBRARY = "loadgen"  # what the shared library of the modules is called, before `__mypyc`
# The types of other packages are left out, so that the code is the same whatever is installed beside mypy. Errors in
# types are found by `.ci/check`.
MYPY = ("--config-file=", "--no-site-packages", "--ignore-missing-imports", "--follow-imports=silent")


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    options = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]
    more = options["custom"]["compilers"] if wanted() == "compiled" or (wanted() == "auto" and not lacking()) else []
    return [*hatchling.get_requires_for_build_wheel(config_settings), *more]


def wanted() -> str:
    form = os.environ.get("LOADGEN_BUILD") or "auto"
    if form not in FORMS:
        sys.exit(f"LOADGEN_BUILD is {form!r}; it must be one of {', '.join(FORMS)}")
    return form


def lacking() -> str:
    """What this machine lacks to compile; empty if it lacks nothing."""
    if sys.implementation.name != "cpython":
        return "CPython"
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "").split()
    if not compiler or not shutil.which(compiler[0]):
        return "a C compiler"
    return "" if Path(sysconfig.get_path("include"), "Python.h").exists() else "Python's headers"


class Compiling(BuildHookInterface[Any]):
    """Adds the compiled modules to the wheel."""

    folder = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        form = wanted()
        if version == "editable":
            if form == "compiled":
                sys.exit("LOADGEN_BUILD=compiled: an editable install is always pure; install without --editable")
            return
        if form == "pure":
            return
        if failure := self.compile():
            if form == "compiled":
                sys.exit(f"loadgen cannot be compiled: {failure}")
            print(f"loadgen is built pure, which is slower: {failure}", file=sys.stderr)
            return
        built = Path(self.folder, "lib")
        files = {str(path): str(path.relative_to(built)) for path in built.rglob("*") if path.is_file()}
        build_data["force_include"].update(files)
        build_data["dependencies"] += self.config["runtime"]
        build_data["infer_tag"] = True
        build_data["pure_python"] = False

    def compile(self) -> str:
        """Compile the modules. Returns why that failed; empty if it did not."""
        if missing := lacking():
            return f"this machine lacks {missing}"
        self.folder = tempfile.mkdtemp(prefix="loadgen-build.")
        # in a process of its own: mypyc ends its process if it fails
        command = [sys.executable, "hatch_build.py", self.folder, *self.config["modules"]]
        done = subprocess.run(  # noqa: S603
            command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return f"mypyc or the C compiler failed\n{done.stdout}" if done.returncode else ""

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self.folder:
            shutil.rmtree(self.folder)


def compile_modules(folder: Path, modules: list[str]) -> None:
    """Compile the modules at these paths into `folder`/lib: a C file each, as many at once as there are CPUs."""
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    class BuildAtOnce(build_ext):  # type: ignore[misc]
        def build_extension(self, extension: Any) -> None:
            compile_one = self.compiler.compile

            def compile_all(sources: list[str], **options: Any) -> list[str]:
                with ThreadPoolExecutor(os.cpu_count()) as threads:
                    objects = threads.map(lambda source: compile_one([source], **options), sources)
                    return [*chain.from_iterable(objects)]

            self.compiler.compile = compile_all
            super().build_extension(extension)
            self.compiler.compile = compile_one

    options = [*MYPY, f"--cache-dir={folder / 'mypy'}"]
    sources = str(folder / "c")
    extensions = mypycify(
        [*options, *modules], debug_level="0", group_name=LIBRARY, target_dir=sources, multi_file=True
    )
    command = BuildAtOnce(Distribution({"name": LIBRARY, "ext_modules": extensions}))
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "objects")
    command.ensure_finalized()
    command.run()


if __name__ == "__main__":
    compile_modules(Path(sys.argv[1]), sys.argv[2:])
