"""What a report calls the machines that sent a load."""

from __future__ import annotations

from typing import NamedTuple

from loadgen.report.verdict import Result
from loadgen.result.run import RunResult


class Senders(NamedTuple):
    """All of them, and the one that a verdict is about: of machines that share a load each is judged by itself, of
    nodes all together."""

    all: str
    judged: str


HERE = Senders("this machine", "this machine")


def senders(result: Result) -> Senders:
    """Those of a run; else this machine."""
    if isinstance(result, RunResult) and result.machines:
        return Senders("the machines", "one of the machines")
    if isinstance(result, RunResult) and result.nodes:
        nodes = "the nodes" if len(result.nodes) > 1 else "the node"
        return Senders(nodes, nodes)
    return HERE
