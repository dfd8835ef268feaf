"""What the user of a run should know, without secrets."""

from __future__ import annotations

from collections.abc import Callable

from loadgen.redaction import Secrets


class Warnings:
    """Called with each of them: says it at once, and keeps it in `texts` for the result, without `secrets`."""

    def __init__(self, say: Callable[[str], None], secrets: Secrets) -> None:
        self._say, self._secrets = say, secrets
        self.texts: list[str] = []

    def __call__(self, text: str) -> None:
        text = self._secrets.hide(text)
        self.texts.append(text)
        self._say(text)
