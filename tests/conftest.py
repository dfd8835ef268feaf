"""How the suite is spread over the cores, what hypothesis may take on a busy machine, and what the collector skips."""

from __future__ import annotations

import gc
import os
import signal
import sys

import pytest
from examples import FULL, examples
from hypothesis import HealthCheck, settings
from paths import ROOT

from loadgen.form import FORM

sys.path.append(str(ROOT))  # bench is not installed; at the end, since loadgen may be, in another form

# how long an example takes says nothing of the code where others use the machine
settings.register_profile(
    "shared", max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("shared")


LENGTHY = ("simulations", "truth")  # many seeds, and whole runs in virtual time: as long as a third of all others


def _default(config: pytest.Config) -> bool:
    """Whether it is the default suite as a whole."""
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and config.option.markexpr == "not real"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process a core for the default suite as a whole; none, so that nothing is spread, for a part of it, and for the
    real tests, which have the cores to themselves."""
    return (os.cpu_count() or 1) if _default(config) else 0


def pytest_report_header() -> str:
    return f"loadgen: {FORM}"


def pytest_configure(config: pytest.Config) -> None:
    """What CI means to test in one form is not tested in the other. What takes long is left out, unless it is named."""
    gc.disable()  # until all is collected
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also if `nohup` runs the tests; what they start inherits it
    if _default(config) and not FULL:
        config.option.ignore = [*(config.option.ignore or ()), *(f"{ROOT}/tests/{name}" for name in LENGTHY)]
    wanted = os.environ.get("LOADGEN_BUILD", "auto")
    if wanted not in ("auto", FORM):
        pytest.exit(f"LOADGEN_BUILD is {wanted}, but the loadgen that was found is {FORM}", returncode=4)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FORM == "compiled" and item.get_closest_marker("pure"):
            item.add_marker(pytest.mark.skip("puts something in the place of a part that compiled code calls directly"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """All that stands until the end, thousands of tests and their modules, is none of the garbage collector's."""
    gc.freeze()
    gc.enable()
