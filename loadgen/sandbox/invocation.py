"""What Lambda says of one call of a function, and what it bills. Pure.

CPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
INIT is billed since 2025-08-01: https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
SnapStart: https://docs.aws.amazon.com/lambda/latest/dg/snapstart-monitoring.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.clock import MILLISECOND

VCPU = 1769
"""The MB of memory that come with one vCPU."""

Initialization = Literal["on-demand", "provisioned-concurrency", "snap-start"]
"""What AWS_LAMBDA_INITIALIZATION_TYPE says in the function."""
Status = Literal["success", "error", "timeout"]


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call. Times are ns, memory is MB. `init` and `restore` are those that its report tells, whether or not it
    waited for them; `restore_billed` is the part of `restore` that is billed."""

    request_id: str
    version: str
    memory: int
    memory_used: int
    initialization: Initialization
    status: Status
    duration: int
    init: int = 0
    restore: int = 0
    restore_billed: int = 0
    overhead: int = 0

    @property
    def billed(self) -> int:
        """In ms. Initialisation and handler are rounded up together; of a restored snapshot, each by itself."""
        return max(1, _up(self.init + self.duration)) + self.billed_restore

    @property
    def billed_restore(self) -> int:
        """In ms."""
        return _up(self.restore_billed)


def slowdown(memory: int, cpu_bound: float, threads: int) -> float:
    """How many times as long a function runs with so many MB as with one vCPU, of which the share `cpu_bound` is work
    of the CPU for so many threads."""
    return 1 - cpu_bound + cpu_bound / min(memory / VCPU, threads)


def _up(ns: int) -> int:
    return -(-ns // MILLISECOND)
