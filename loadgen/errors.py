"""What can go wrong for us or for the user. Failures of the target are data (`exchange.Outcome`), never exceptions."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The command's exit statuses, an interface. Where several hold, the first of `PRECEDENCE` wins."""

    PASSED = 0
    BUG = 1
    USAGE = 2
    UNUSABLE = 3
    THRESHOLD = 4
    INVALID = 5
    WORKER_LOST = 6
    UNDECIDED = 7
    INTERRUPTED = 130


PRECEDENCE = (
    Exit.BUG, Exit.INTERRUPTED, Exit.WORKER_LOST, Exit.UNUSABLE, Exit.INVALID, Exit.THRESHOLD, Exit.UNDECIDED,
)  # fmt: skip


def worst(statuses: set[Exit]) -> Exit:
    """The one status to exit with when all of `statuses` hold."""
    return next((status for status in PRECEDENCE if status in statuses), Exit.PASSED)


class LoadgenError(Exception):
    """An error with one clear line for the user: what is wrong, where, and what to do about it."""

    status = Exit.BUG


class ProfileError(LoadgenError):
    """The profile, or the command line, is wrong: `file:line: key: what. Remedy`."""

    status = Exit.USAGE

    def __init__(self, problem: str, *, file: str = "", line: int = 0, key: str = "", remedy: str = "") -> None:
        self.problem, self.file, self.line, self.key, self.remedy = problem, file, line, key, remedy
        place = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(f"{place}{f'{key}: ' if key else ''}{problem}{f'. {remedy}' if remedy else ''}")


class PlanError(LoadgenError):
    """The profile is sound, but this machine cannot carry it out as planned (ports, descriptors, platform)."""

    status = Exit.USAGE


class InvalidRun(LoadgenError):
    """A run whose tail this machine made was to be used as if the target had."""

    status = Exit.INVALID


class WorkerLost(LoadgenError):
    """A worker that died or fell silent."""

    status = Exit.WORKER_LOST


class TargetError(LoadgenError):
    """The target cannot be used at all: its name does not resolve, or it does not answer one request as it should."""

    status = Exit.UNUSABLE
