"""Every document that a command can print, and the schema of them all."""

from __future__ import annotations

from typing import Any, get_args

from loadgen.result import codec
from loadgen.result.capacity import CapacityPreview, CapacityResult
from loadgen.result.check import CheckResult
from loadgen.result.experiment import ExperimentResult, IdleRuns
from loadgen.result.join import JoinResult
from loadgen.result.once import OnceResult
from loadgen.result.run import RunResult
from loadgen.result.selftest import SelftestResult
from loadgen.result.tune import TunePreview, TuneResult
from loadgen.result.twin import TwinResult
from loadgen.result.two_runs import TwoRuns

# a new kind of result is named here, and only here
Document = (
    RunResult
    | ExperimentResult
    | IdleRuns
    | CapacityResult
    | CapacityPreview
    | TuneResult
    | JoinResult
    | TunePreview
    | TwoRuns
    | TwinResult
    | CheckResult
    | OnceResult
    | SelftestResult
)
DOCUMENTS: tuple[type[Document], ...] = get_args(Document)


def result_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of every result that loadgen prints or keeps."""
    return codec.schema(Document, "loadgen result")
