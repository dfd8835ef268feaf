"""Warnings: what the user of a run should know, without secrets."""

from __future__ import annotations

from collections.abc import Callable

from loadgen.redaction import Secrets
from loadgen.result.codec import map_text
from loadgen.result.reason import Reason


class Warnings:
    """Called with each warning: shows it at once, and keeps it in `given` for the result, without `secrets`."""

    def __init__(self, show: Callable[[Reason], None], secrets: Secrets) -> None:
        self._show, self._secrets = show, secrets
        self.given: list[Reason] = []

    def __call__(self, warning: Reason) -> None:
        warning = map_text(warning, self._secrets.hide)
        self.given.append(warning)
        self._show(warning)
