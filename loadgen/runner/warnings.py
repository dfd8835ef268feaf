"""What the user of a run should know, without secrets."""

from __future__ import annotations

from collections.abc import Callable

from loadgen.runner.redaction import redacted


class Warnings:
    """Called with each of them: says it at once, and keeps it in `texts` for the result. `secrets` gives what nobody
    may see, as it is by then."""

    def __init__(self, say: Callable[[str], None], secrets: Callable[[], tuple[str, ...]]) -> None:
        self._say, self._secrets = say, secrets
        self.texts: list[str] = []

    def __call__(self, text: str) -> None:
        text = redacted(text, self._secrets())
        self.texts.append(text)
        self._say(text)
